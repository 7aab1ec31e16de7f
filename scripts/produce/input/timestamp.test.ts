import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

const MOMENT = "2026-11-22T12:34:56.789Z";

test.each([
  "2026-11-22T12:34:56.789Z",
  "2026-11-22t12:34:56.789z",
  "2026-11-22T13:34:56.789+01:00",
  "2026-11-22T13:34:56.789+0100",
  "2026-11-22T13:34:56.789+01",
  "2026-11-22T07:04:56.789-05:30",
  "2026-11-22T12:34:56.789",
  "2026-11-22T12:34:56,789",
  "2026-11-22 12:34:56.789",
  "2026-11-22 12:34:56.789123",
  "2026-11-22 12:34:56.789999999 UTC",
  "2026-11-22 12:34:56.789 GMT",
  "2026-11-22 12:34:56.789 +00:00",
  " 2026-11-22 12:34:56.789 ",
  "1795350896789",
  "1795350896.789",
  "1795350896.7891",
  "1795350896789123",
  "1795350896789123456",
  1795350896789,
  1795350896.789,
])("parseTimestamp() reads %p as that moment in UTC", (value) => {
  expect(new Date(parseTimestamp(value)!).toISOString()).toBe(MOMENT);
});

test.each([
  ["2026-11-22 12:34:56 UTC", "2026-11-22T12:34:56.000Z"],
  ["2026-11-22 12:34:56", "2026-11-22T12:34:56.000Z"],
  ["2026-11-22T12:34Z", "2026-11-22T12:34:00.000Z"],
  ["2026-11-22", "2026-11-22T00:00:00.000Z"],
  ["2026-11-22 12:34:56.7", "2026-11-22T12:34:56.700Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
  [1795350896, "2026-11-22T12:34:56.000Z"],
  ["1659304800025", "2022-07-31T22:00:00.025Z"],
])("parseTimestamp() reads %p as %s", (value, expected) => {
  expect(new Date(parseTimestamp(value)!).toISOString()).toBe(expected);
});

test.each([
  "",
  "now",
  "2026",
  "20261122",
  "2026-13-01",
  "2026-02-29",
  "2026-11-31T00:00:00Z",
  "2026-11-22T24:00:00Z",
  "2026-11-22T12:60:00Z",
  "2026-11-22T12:34:60Z",
  "2026-11-22T12:34:56+25:00",
  "22/11/2026",
  "2026-11-22T12:34:56 CET",
  "10000-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "-1795350896",
  "1e12",
  "9999999999999999999999",
  0,
  17,
  -5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  null,
  undefined,
  {},
])("parseTimestamp() refuses %p", (value) => {
  expect(parseTimestamp(value)).toBeUndefined();
});

test("parseTimestamp() gives back every moment in the form that events use", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
      (date) => {
        expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
        expect(parseTimestamp(date.toISOString().replace("T", " ").replace("Z", " UTC"))).toBe(
          date.getTime(),
        );
      },
    ),
  );
});

test("formatTimestamp() writes what Date.toISOString() writes", () => {
  const moment = fc.date({
    min: new Date("0001-01-01"),
    max: new Date("9999-12-31"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(fc.array(moment), fc.integer({ min: 0, max: 200_000 }), (dates, stepMs) => {
      for (const date of dates) {
        for (const ms of [date.getTime(), date.getTime() + stepMs]) {
          expect(formatTimestamp(ms)).toBe(new Date(ms).toISOString());
        }
      }
    }),
  );
});

test("parseTimestamp() loses no millisecond of a number of seconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e11, max: 4e12 }), (ms) => {
      expect(parseTimestamp(ms)).toBe(ms);
      expect(parseTimestamp(ms / 1_000)).toBe(ms);
      expect(parseTimestamp(String(ms / 1_000))).toBe(ms);
    }),
    { numRuns: 10_000, examples: [[2_167_907_152_732]] },
  );
});
