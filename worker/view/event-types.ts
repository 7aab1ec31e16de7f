/** The event types with their titles and colours, in the order from view to purchase. */
import { EVENT_TYPES, type EventType, TYPE_STYLES } from "../../schema/event-types.ts";

export type { EventType };

export const SHOWN_TYPES = EVENT_TYPES.map((type) => ({ type, ...TYPE_STYLES[type] }));
