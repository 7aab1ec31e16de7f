import { expect, test } from "bun:test";
import fc from "fast-check";
import { ACTIVITY_MAX, activityAt, spreadOver } from "./day-rhythm.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1);

test("activityAt() is low at night and highest in the evening", () => {
  expect(activityAt(START_MS + 20 * HOUR_MS)).toBe(ACTIVITY_MAX);
  expect(activityAt(START_MS + 4 * HOUR_MS)).toBeLessThan(ACTIVITY_MAX / 5);
});

test("spreadOver() fills each day alike and each hour by its activity", () => {
  const momentAt = spreadOver(START_MS, 7 * DAY_MS);
  const perDay = new Array<number>(7).fill(0);
  const perHour = new Array<number>(24).fill(0);
  const count = 70_000;
  for (let index = 0; index < count; index++) {
    const sinceStartMs = momentAt(index / count) - START_MS;
    perDay[Math.floor(sinceStartMs / DAY_MS)]! += 1;
    perHour[Math.floor((sinceStartMs % DAY_MS) / HOUR_MS)]! += 1;
  }
  for (const events of perDay) expect(Math.abs(events - 10_000)).toBeLessThan(10);
  expect(perHour[20]! / perHour[4]!).toBeGreaterThan(8);
});

test("spreadOver() never goes back and stays inside the span", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: 1, max: 400 * DAY_MS }),
      fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 2 }),
      (startMs, spanMs, fractions) => {
        const momentAt = spreadOver(startMs, spanMs);
        let before = startMs;
        for (const fraction of fractions.sort((a, b) => a - b)) {
          const moment = momentAt(fraction);
          expect(moment).toBeGreaterThanOrEqual(before);
          expect(moment).toBeLessThan(startMs + spanMs);
          before = moment;
        }
      },
    ),
  );
});
