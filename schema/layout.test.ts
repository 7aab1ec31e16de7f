import { expect, test } from "bun:test";
import fc from "fast-check";
import { actualFields, encode, event, expectedFields } from "./event.fixture.ts";
import { decodeKnownLayout, EventFields, messageOf } from "./layout.ts";

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
