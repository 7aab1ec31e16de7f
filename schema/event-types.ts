/**
 * The closed list of event types, with how people read them. Pure and without zod, so that the page
 * can import it.
 */

/** In the order in which a visitor usually does them. */
export const EVENT_TYPES = ["view", "click", "purchase"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Counts by event type. */
export type TypeCounts = Record<EventType, number>;

/** Events of all types together. */
export const totalOf = (counts: TypeCounts) =>
  EVENT_TYPES.reduce((total, type) => total + counts[type], 0);

/** The title and the colour of each type, on the page and in its preview image. */
export const TYPE_STYLES: Record<EventType, { plural: string; colour: string }> = {
  view: { plural: "Views", colour: "#2f6fde" },
  click: { plural: "Clicks", colour: "#e8a317" },
  purchase: { plural: "Purchases", colour: "#1c9d6c" },
};
