/** The event types with their titles and colours, in the order from view to purchase. */
import { type EventType, TYPE_STYLES, EVENT_TYPES as TYPES } from "../../schema/event-types.ts";

export type { EventType };

export const EVENT_TYPES = TYPES.map((type) => ({ type, ...TYPE_STYLES[type] }));
