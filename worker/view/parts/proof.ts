/** Why the numbers can be trusted: how fresh they are, and that each event is in them once. */
import { html } from "hono/html";
import type { View } from "../model/view.ts";
import { type Html, stateAt, textAt } from "./place.ts";

const HOPS = [
  { name: "kafka", place: "Kafka" },
  { name: "tables", place: "Tables" },
  { name: "summary", place: "Summary" },
  { name: "page", place: "This page" },
];

export const way = (view: View): Html => html`<section class="panel" aria-labelledby="way">
<h2 id="way">The way of an event</h2>
<p class="note">How long the newest ones took from place to place.</p>
<ol class="way">
<li><b>Event</b></li>
${HOPS.map(
  ({ name, place }) =>
    html`<li><span class="hop">${textAt(view, `hop.${name}`)}</span><span class="aside"> to </span><b>${place}</b></li>
`,
)}</ol>
<p class="note">${textAt(view, "newest")} ${textAt(view, "settled")}</p>
</section>`;

export const ledger = (
  view: View,
): Html => html`<section class="panel ledger" aria-labelledby="ledger" ${stateAt(view, "ledger")}>
<h2 id="ledger">Every event counts once</h2>
<p class="verdict">${check}${warning}${textAt(view, "ledger.title")}</p>
<p class="equation">${textAt(view, "ledger.equation")}</p>
<p class="note">${textAt(view, "ledger.explanation")}</p>
</section>`;

const check = html`<svg class="check" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="9"/><path d="m6 10.4 2.7 2.7L14 7.6"/></svg>`;
const warning = html`<svg class="warning" viewBox="0 0 20 20" aria-hidden="true"><path class="sign" d="M10 2.2 18.6 17.2H1.4Z"/><path d="M10 7.6v4.6M10 14.4v.2"/></svg>`;
