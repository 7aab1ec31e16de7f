/** The types of events as people read them, in the order from looking to buying. */
import type { TypeCounts } from "../../../schema/summary.ts";

export type EventType = keyof TypeCounts;

export const EVENT_TYPES: readonly { type: EventType; plural: string; colour: string }[] = [
  { type: "view", plural: "Views", colour: "#2f6fde" },
  { type: "click", plural: "Clicks", colour: "#e8a317" },
  { type: "purchase", plural: "Purchases", colour: "#1c9d6c" },
];
