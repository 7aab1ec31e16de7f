/** The figures of the page as HTML: totals, timeline, types and users. */
import { html } from "hono/html";
import { TIMELINE_MINUTES, TOP_USERS_MAX } from "../../schema/limits.ts";
import { SHOWN_TYPES } from "./event-types.ts";
import { barSlot, type Html, shownSlot, textSlot } from "./slots.ts";
import type { View } from "./view.ts";

const TOTALS = [
  { name: "events", label: "Events", note: "all time" },
  { name: "today", label: "Events today", note: "since midnight UTC" },
  { name: "users", label: "Users", note: "with an event" },
  { name: "conversion", label: "Conversion", note: "purchases per 100 views" },
];

export const totals = (view: View): Html => html`<dl class="numbers panel">
${TOTALS.map(
  ({ name, label, note }) => html`<div class="total">
<dt>${label}</dt>
<dd class="number">${textSlot(view, name)}</dd>
<dd class="note">${note}</dd>
</div>
`,
)}</dl>`;

/** The last hour: a canvas for the chart, and a table with the same counts. */
export const timeline = (
  view: View,
): Html => html`<section class="panel" aria-labelledby="timeline">
<div class="heading">
<div>
<h2 id="timeline">Events per minute</h2>
<p class="note">The last ${TIMELINE_MINUTES} minutes, in UTC.<span class="of-chart"> The pale bar is the minute that is still running.</span></p>
</div>
${legend(view)}
</div>
${chart(view)}
<details class="table">
<summary>Show as a table</summary>
<div class="scroll" role="region" aria-label="Events by minute" tabindex="0">${minuteTable(view)}</div>
</details>
</section>`;

/** The colours of the types, with the sums of the hour. */
export const legend = (view: View): Html => html`<ul class="legend">
${SHOWN_TYPES.map(
  ({ type, plural }) =>
    html`<li><span class="swatch ${type}" aria-hidden="true"></span>${plural} ${textSlot(view, `hour.${type}`)}</li>
`,
)}</ul>`;

export const chart = (view: View): Html => html`<div class="chart">
<canvas id="chart" role="img" aria-label="${view.texts.timeline ?? "No numbers yet"}"></canvas>
<p class="quiet" ${shownSlot(view, "quiet")}>No event in the last hour</p>
</div>`;

function minuteTable(view: View): Html {
  const rows = Array.from(
    { length: TIMELINE_MINUTES },
    (
      _,
      index,
    ) => html`<tr><th scope="row">${textSlot(view, `minute.${index}`)}</th>${SHOWN_TYPES.map(
      ({ type }) => html`<td>${textSlot(view, `minute.${index}.${type}`)}</td>`,
    )}</tr>
`,
  );
  return html`<table>
<thead><tr><th scope="col">Minute (UTC)</th>${SHOWN_TYPES.map(({ plural }) => html`<th scope="col">${plural}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>`;
}

export const distribution = (
  view: View,
): Html => html`<section class="panel" aria-labelledby="types">
<h2 id="types">By type</h2>
<p class="note">All events since the beginning.</p>
${barSlot(view, "type")}
<dl class="rows">
${SHOWN_TYPES.map(
  ({ type, plural }) => html`<div class="row">
<dt><span class="swatch ${type}" aria-hidden="true"></span>${plural}</dt>
<dd class="share">${textSlot(view, `${type}.share`)}</dd>
<dd>${textSlot(view, `${type}.count`)}</dd>
</div>
`,
)}</dl>
</section>`;

/** How many views lead to a click, and to a purchase. */
export const funnel = (view: View): Html => html`<section class="panel" aria-labelledby="funnel">
<h2 id="funnel">From view to purchase</h2>
<p class="note">For every 100 views.</p>
<dl class="funnel">
${SHOWN_TYPES.map(
  (step) => html`<div class="step">
<dt>${step.plural}</dt>
<dd>${textSlot(view, `${step.type}.perHundred`)}</dd>
<dd class="length">${barSlot(view, "funnel", [step])}</dd>
</div>
`,
)}</dl>
</section>`;

/** Hidden where the platform does not publish user ids. */
export function topUsers(view: View): Html {
  const rows = Array.from({ length: TOP_USERS_MAX }, (_, index) => {
    const row = `user.${index}`;
    return html`<tr ${shownSlot(view, row)}><th scope="row">${textSlot(view, row)}</th><td class="length">${barSlot(view, row)}</td>${SHOWN_TYPES.map(
      ({ type }) => html`<td class="part">${textSlot(view, `${row}.${type}`)}</td>`,
    )}<td>${textSlot(view, `${row}.events`)}</td></tr>
`;
  });
  return html`<section class="panel users" aria-labelledby="users" ${shownSlot(view, "users")}>
<h2 id="users">Most active users</h2>
<p class="note">By all their events.</p>
<table>
<thead><tr><th scope="col">User</th><th class="length" scope="col"><span class="aside">Parts by type</span></th>${SHOWN_TYPES.map(
    ({ plural }) => html`<th class="part" scope="col">${plural}</th>`,
  )}<th scope="col">Events</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>`;
}
