/**
 * Places of the document that hold what depends on the numbers. The browser finds them again by
 * their data attributes: see `worker/browser/fill.ts`.
 */
import { html } from "hono/html";
import { EVENT_TYPES } from "../model/event-types.ts";
import { NOTHING } from "../model/format.ts";
import type { View } from "../model/view.ts";

export type Html = ReturnType<typeof html>;

export const textAt = (view: View, name: string): Html =>
  html`<span data-text="${name}">${view.texts[name] ?? NOTHING}</span>`;

/** As an attribute, for an element that is there only at times. */
export const shownAt = (view: View, name: string): Html =>
  html`data-shown="${name}"${view.shown[name] ? "" : html` hidden`}`;

/** As an attribute, for an element that looks different by state. */
export const stateAt = (view: View, name: string): Html =>
  html`data-place="${name}" data-state="${view.states[name] ?? "none"}"`;

/** A bar in the colours of the types. SVG, since a strict policy forbids widths in styles. */
export function barAt(view: View, row: string, types = EVENT_TYPES): Html {
  const pieces = types.map(({ type }) => {
    const name = `${row}.${type}`;
    const { start, length } = view.pieces[name] ?? { start: 0, length: 0 };
    return html`<rect class="${type}" data-piece="${name}" x="${start}%" width="${length}%" height="100%"/>`;
  });
  return html`<svg class="bar" aria-hidden="true">${pieces}</svg>`;
}
