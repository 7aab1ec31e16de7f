/** Writes a view into the places of the document that the server has made for it. */
import type { View } from "../view/model/view.ts";

/** Places by the kind of their data attribute and their name; the document never gets new ones. */
const places = new Map<string, HTMLElement[]>();
for (const kind of ["text", "piece", "place", "shown"]) {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-${kind}]`)) {
    const key = `${kind} ${element.dataset[kind]}`;
    places.set(key, [...(places.get(key) ?? []), element]);
  }
}

const placesOf = (kind: string, name: string) => places.get(`${kind} ${name}`) ?? [];

/** Leaves alone what has not changed, so that nothing is laid out anew for nothing. */
export function fill({ texts, pieces, states, shown }: View): void {
  for (const [name, text] of Object.entries(texts)) {
    for (const element of placesOf("text", name)) {
      if (element.textContent !== text) element.textContent = text;
    }
  }
  for (const [name, { start, length }] of Object.entries(pieces)) {
    for (const element of placesOf("piece", name)) {
      element.setAttribute("x", `${start}%`);
      element.setAttribute("width", `${length}%`);
    }
  }
  for (const [name, state] of Object.entries(states)) {
    for (const element of placesOf("place", name)) element.dataset.state = state;
  }
  for (const [name, isShown] of Object.entries(shown)) {
    for (const element of placesOf("shown", name)) element.hidden = !isShown;
  }
}
