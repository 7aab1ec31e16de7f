import { expect, test } from "bun:test";
import { AHEAD_MS_MAX, isPlausible } from "./moment.ts";

const LOG_MS = Date.UTC(2026, 0, 1);

test.each([
  [0, true],
  [-1, false],
  [LOG_MS + AHEAD_MS_MAX, true],
  [LOG_MS + AHEAD_MS_MAX + 1, false],
  [Date.parse("0000-01-01T00:00:00.000Z"), false],
  [Date.parse("9999-12-31T23:59:59.999Z"), false],
])("isPlausible() at the edges of the range: %i is %p", (createdAtMs, expected) => {
  expect(isPlausible(createdAtMs, LOG_MS)).toBe(expected);
});

test("isPlausible() leaves the future open when nobody has stamped the record", () => {
  expect([isPlausible(LOG_MS, -1), isPlausible(LOG_MS, 0), isPlausible(-1, -1)]).toEqual([
    true,
    true,
    false,
  ]);
});
