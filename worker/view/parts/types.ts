/** What the events are, and how looking becomes buying. */
import { html } from "hono/html";
import { EVENT_TYPES } from "../model/event-types.ts";
import type { View } from "../model/view.ts";
import { barAt, type Html, textAt } from "./place.ts";

export const distribution = (
  view: View,
): Html => html`<section class="panel" aria-labelledby="types">
<h2 id="types">By type</h2>
<p class="note">All events since the beginning.</p>
${barAt(view, "type")}
<dl class="rows">
${EVENT_TYPES.map(
  ({ type, plural }) => html`<div class="row">
<dt><span class="swatch ${type}" aria-hidden="true"></span>${plural}</dt>
<dd class="share">${textAt(view, `${type}.share`)}</dd>
<dd>${textAt(view, `${type}.count`)}</dd>
</div>
`,
)}</dl>
</section>`;

export const funnel = (view: View): Html => html`<section class="panel" aria-labelledby="funnel">
<h2 id="funnel">From view to purchase</h2>
<p class="note">For every 100 views.</p>
<dl class="funnel">
${EVENT_TYPES.map(
  (step) => html`<div class="step">
<dt>${step.plural}</dt>
<dd>${textAt(view, `${step.type}.perHundred`)}</dd>
<dd class="length">${barAt(view, "funnel", [step])}</dd>
</div>
`,
)}</dl>
</section>`;
