/** Why the numbers can be trusted, as HTML: their age, the delay of each hop, and the ledger. */
import { html } from "hono/html";
import { type Html, shownSlot, stateSlot, textSlot } from "./slots.ts";
import type { View } from "./view.ts";

const HOPS = [
  { name: "kafka", target: "Kafka" },
  { name: "tables", target: "Tables" },
  { name: "summary", target: "Summary" },
  { name: "page", target: "This page" },
];

export const status = (view: View): Html => html`<p class="status" ${stateSlot(view, "status")}>
<span class="dot" aria-hidden="true"></span>
<span>${textSlot(view, "status.text")}${textSlot(view, "status.age")}<code ${shownSlot(view, "command")}>bun run produce</code></span>
</p>
<p class="aside" role="status" id="announcement"></p>`;

/** The hops of an event on its way to the page. */
export const hops = (view: View): Html => html`<section class="panel" aria-labelledby="way">
<h2 id="way">The way of an event</h2>
<p class="note">How long the newest ones took from place to place.</p>
<ol class="way">
<li><b>Event</b></li>
${HOPS.map(
  ({ name, target }) =>
    html`<li><span class="hop">${textSlot(view, `hop.${name}`)}</span><span class="aside"> to </span><b>${target}</b></li>
`,
)}</ol>
<p class="note">${textSlot(view, "newest")} ${textSlot(view, "settled")}</p>
</section>`;

export const ledger = (
  view: View,
): Html => html`<section class="panel ledger" aria-labelledby="ledger" ${stateSlot(view, "ledger")}>
<h2 id="ledger">Every event counts once</h2>
<p class="verdict">${CHECK_ICON}${WARNING_ICON}${textSlot(view, "ledger.title")}</p>
<p class="equation">${textSlot(view, "ledger.equation")}</p>
<p class="note">${textSlot(view, "ledger.explanation")}</p>
</section>`;

const CHECK_ICON = html`<svg class="check" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="9"/><path d="m6 10.4 2.7 2.7L14 7.6"/></svg>`;
const WARNING_ICON = html`<svg class="warning" viewBox="0 0 20 20" aria-hidden="true"><path class="sign" d="M10 2.2 18.6 17.2H1.4Z"/><path d="M10 7.6v4.6M10 14.4v.2"/></svg>`;
