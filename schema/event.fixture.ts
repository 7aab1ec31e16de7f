/** Events of any kind, and what their bytes have to be decoded to. */
import fc from "fast-check";
import { eventSchema } from "./event.ts";
import { EVENT_TYPES } from "./event-types.ts";
import type { EventFields } from "./layout.ts";

export const encode = (text: string) => new TextEncoder().encode(text);

/** The reference: JSON and the schema, nothing else. */
export function expectedFields(event: Record<string, unknown>) {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return undefined;
  const hex = parsed.data.event_id.replaceAll("-", "");
  return {
    ids: [0, 8, 16, 24].map((at) => Number.parseInt(hex.slice(at, at + 8), 16) | 0),
    userId: parsed.data.user_id,
    typeIndex: EVENT_TYPES.indexOf(parsed.data.event_type),
    createdAtMs: Date.parse(parsed.data.created_at),
  };
}

export const actualFields = ({ id0, id1, id2, id3, ...others }: EventFields) => ({
  ids: [id0, id1, id2, id3],
  ...others,
});

/** Also one with the user id 2^53, which is too high by 1. */
export const event = fc.record({
  event_id: fc.uuid().map((id) => id),
  user_id: fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.maxSafeNat().map((id) => id + 1),
  ),
  event_type: fc.constantFrom(...EVENT_TYPES),
  created_at: fc
    .date({
      min: new Date("0000-01-01T00:00:00.000Z"),
      max: new Date("9999-12-31"),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
});
