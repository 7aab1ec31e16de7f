/**
 * Slots: elements of the document that hold what depends on the numbers. The browser finds them by
 * their data attributes and fills them again (`worker/browser/fill.ts`).
 */
import { html } from "hono/html";
import { SHOWN_TYPES } from "./event-types.ts";
import { NO_VALUE } from "./format.ts";
import type { View } from "./view.ts";

export type Html = ReturnType<typeof html>;

export const textSlot = (view: View, name: string): Html =>
  html`<span data-text="${name}">${view.texts[name] ?? NO_VALUE}</span>`;

/** Attributes of an element that is hidden at times. */
export const shownSlot = (view: View, name: string): Html =>
  html`data-shown="${name}"${view.shown[name] ? "" : html` hidden`}`;

/** Attributes of an element that looks different in each state. */
export const stateSlot = (view: View, name: string): Html =>
  html`data-slot="${name}" data-state="${view.states[name] ?? "none"}"`;

/** A bar in the colours of the types. It is SVG, since the page's policy forbids inline styles. */
export function barSlot(view: View, row: string, types = SHOWN_TYPES): Html {
  const pieces = types.map(({ type }) => {
    const name = `${row}.${type}`;
    const { start, length } = view.pieces[name] ?? { start: 0, length: 0 };
    return html`<rect class="${type}" data-piece="${name}" x="${start}%" width="${length}%" height="100%"/>`;
  });
  return html`<svg class="bar" aria-hidden="true">${pieces}</svg>`;
}
