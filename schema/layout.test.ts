import { expect, test } from "bun:test";
import fc from "fast-check";
import { eventSchema } from "./event.ts";
import { EVENT_TYPES } from "./event-types.ts";
import { decodeKnownLayout, EventFields, messageOf } from "./layout.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** The reference: JSON and the schema, nothing else. */
function expectedFields(event: Record<string, unknown>) {
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

const actualFields = ({ id0, id1, id2, id3, userId, typeIndex, createdAtMs }: EventFields) => ({
  ids: [id0, id1, id2, id3],
  userId,
  typeIndex,
  createdAtMs,
});

const event = fc.record({
  event_id: fc.uuid().map((id) => id),
  user_id: fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.maxSafeNat().map((id) => id + 1),
  ),
  event_type: fc.constantFrom(...EVENT_TYPES),
  created_at: fc
    .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString()),
});

test("messageOf() writes the JSON that JSON.stringify would, keyed by the user id", () => {
  fc.assert(
    fc.property(event, (value) => {
      expect(messageOf(value)).toEqual({
        key: String(value.user_id),
        value: JSON.stringify(value),
      });
    }),
  );
});

test("decodeKnownLayout() reads what messageOf() wrote when the user id has up to 15 digits", () => {
  fc.assert(
    fc.property(event, fc.integer({ min: 1, max: 999_999_999_999_999 }), (value, user_id) => {
      const bytes = encode(messageOf({ ...value, user_id }).value);
      const fields = new EventFields();
      expect(decodeKnownLayout(bytes, 0, bytes.length, fields)).toBe(true);
      expect(actualFields(fields)).toEqual(expectedFields({ ...value, user_id }) as never);
    }),
  );
});

test("decodeKnownLayout() never accepts what the schema refuses when one byte is changed", () => {
  fc.assert(
    fc.property(event, fc.nat(200), fc.integer({ min: 0, max: 255 }), (value, place, byte) => {
      const bytes = encode(JSON.stringify(value));
      bytes[place % bytes.length] = byte;
      const fields = new EventFields();
      if (!decodeKnownLayout(bytes, 0, bytes.length, fields)) return;
      const general = expectedFields(JSON.parse(new TextDecoder().decode(bytes)));
      expect(actualFields(fields)).toEqual(general as never);
    }),
    { numRuns: 5_000 },
  );
});
