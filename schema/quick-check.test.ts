import { expect, test } from "bun:test";
import fc from "fast-check";
import { eventSchema } from "./event.ts";
import { EVENT_TYPES } from "./event-types.ts";
import { isSurelyEvent } from "./quick-check.ts";

const edges = [
  0,
  1,
  2 ** 53 - 1,
  2 ** 53,
  1.5,
  -1,
  Number.NaN,
  "",
  "view",
  null,
  undefined,
  [],
  {},
];
const year = fc.integer({ min: 0, max: 9_999 }).map((number) => String(number).padStart(4, "0"));
const moment = fc
  .tuple(year, fc.nat(13), fc.nat(32), fc.nat(24), fc.nat(60), fc.constantFrom("Z", ".5Z", "", "."))
  .map(([first, month, day, hour, minute, rest]) => {
    const two = (number: number) => String(number).padStart(2, "0");
    return `${first}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:00${rest}`;
  });
/** A value of the kind, or one of the edges in every eighth case. */
const mostly = (kind: fc.Arbitrary<unknown>) =>
  fc.oneof({ arbitrary: kind, weight: 7 }, fc.constantFrom(...edges));
const nearlyEvent = fc.record({
  event_id: mostly(fc.tuple(fc.uuid(), fc.constantFrom("", "", "", "\n")).map((id) => id.join(""))),
  user_id: mostly(fc.maxSafeNat()),
  event_type: mostly(fc.constantFrom(...EVENT_TYPES)),
  created_at: mostly(moment),
});

test("isSurelyEvent() says what the schema says, of anything that resembles an event", () => {
  let events = 0;
  fc.assert(
    fc.property(nearlyEvent, (value) => {
      const isEvent = eventSchema.safeParse(value).success;
      if (isEvent) events += 1;
      expect(isSurelyEvent(value)).toBe(isEvent);
    }),
    { numRuns: 2_000 },
  );
  expect(events).toBeGreaterThan(50);
});

test("isSurelyEvent() is false for what has no fields", () => {
  expect([{}, [], new Map()].map(isSurelyEvent)).toEqual([false, false, false]);
});
