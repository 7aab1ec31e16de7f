/** The last hour: a canvas for the chart, and the same as a table. */
import { html } from "hono/html";
import { TIMELINE_MINUTES } from "../../../schema/limits.ts";
import { EVENT_TYPES } from "../model/event-types.ts";
import type { View } from "../model/view.ts";
import { type Html, shownAt, textAt } from "./place.ts";

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
<div class="scroll" role="region" aria-label="Events by minute" tabindex="0">${table(view)}</div>
</details>
</section>`;

/** With the sums of the hour. */
export const legend = (view: View): Html => html`<ul class="legend">
${EVENT_TYPES.map(
  ({ type, plural }) =>
    html`<li><span class="swatch ${type}" aria-hidden="true"></span>${plural} ${textAt(view, `hour.${type}`)}</li>
`,
)}</ul>`;

export const chart = (view: View): Html => html`<div class="chart">
<canvas id="chart" role="img" aria-label="${view.texts.timeline ?? "No numbers yet"}"></canvas>
<p class="quiet" ${shownAt(view, "quiet")}>No event in the last hour</p>
</div>`;

function table(view: View): Html {
  const rows = Array.from(
    { length: TIMELINE_MINUTES },
    (_, place) => html`<tr><th scope="row">${textAt(view, `minute.${place}`)}</th>${EVENT_TYPES.map(
      ({ type }) => html`<td>${textAt(view, `minute.${place}.${type}`)}</td>`,
    )}</tr>
`,
  );
  return html`<table>
<thead><tr><th scope="col">Minute (UTC)</th>${EVENT_TYPES.map(({ plural }) => html`<th scope="col">${plural}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>`;
}
