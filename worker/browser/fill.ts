/** Writes a view into the slots of the document that the server has rendered. */
import type { View } from "../view/view.ts";

/** Elements by the kind of their data attribute and their name. The document never gets new ones. */
const slots = new Map<string, HTMLElement[]>();
for (const kind of ["text", "piece", "slot", "shown"]) {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-${kind}]`)) {
    const key = `${kind} ${element.dataset[kind]}`;
    slots.set(key, [...(slots.get(key) ?? []), element]);
  }
}

export function fill({ texts, pieces, states, shown }: View): void {
  fillSlots("text", texts, (element, text) => {
    // An unchanged text costs the browser no layout.
    if (element.textContent !== text) element.textContent = text;
  });
  fillSlots("piece", pieces, (element, { start, length }) => {
    element.setAttribute("x", `${start}%`);
    element.setAttribute("width", `${length}%`);
  });
  fillSlots("slot", states, (element, state) => {
    element.dataset.state = state;
  });
  fillSlots("shown", shown, (element, isShown) => {
    element.hidden = !isShown;
  });
}

function fillSlots<Value>(
  kind: string,
  values: Record<string, Value>,
  write: (element: HTMLElement, value: Value) => void,
): void {
  for (const [name, value] of Object.entries(values)) {
    for (const element of slots.get(`${kind} ${name}`) ?? []) write(element, value);
  }
}
