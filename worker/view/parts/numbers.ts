/** The totals, large. */
import { html } from "hono/html";
import type { View } from "../model/view.ts";
import { type Html, textAt } from "./place.ts";

const NUMBERS = [
  { name: "events", label: "Events", note: "all time" },
  { name: "today", label: "Events today", note: "since midnight UTC" },
  { name: "users", label: "Users", note: "with an event" },
  { name: "conversion", label: "Conversion", note: "purchases per 100 views" },
];

export const numbers = (view: View): Html => html`<dl class="numbers panel">
${NUMBERS.map(
  ({ name, label, note }) => html`<div class="total">
<dt>${label}</dt>
<dd class="number">${textAt(view, name)}</dd>
<dd class="note">${note}</dd>
</div>
`,
)}</dl>`;
