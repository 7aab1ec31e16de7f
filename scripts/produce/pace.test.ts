import { expect, test } from "bun:test";
import fc from "fast-check";
import { Pace, ReplayPace } from "./pace.ts";

/** Runs a pace over simulated time; gives the moments at which events went out. */
function simulate(
  rate: number,
  durationMs: number,
  stall?: { atMs: number; forMs: number },
): number[] {
  const pace = new Pace(rate, 0);
  const moments: number[] = [];
  let stalled = false;
  for (let nowMs = 0; nowMs < durationMs; ) {
    if (stall && !stalled && nowMs >= stall.atMs) {
      nowMs += stall.forMs;
      stalled = true;
    }
    const delayMs = pace.delayMs(nowMs);
    if (delayMs > 0) {
      nowMs += delayMs;
      continue;
    }
    pace.release();
    moments.push(nowMs);
  }
  return moments;
}

test("Pace keeps the rate to within one tick, whatever it is", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 50_000, noNaN: true }), (rate) => {
      const expected = rate * 10;
      const tick = Math.max(rate / 100, 1);
      expect(Math.abs(simulate(rate, 10_000).length - expected)).toBeLessThanOrEqual(tick + 1);
    }),
    { numRuns: 25 },
  );
});

test("Pace lets the first event go at once, and events of a low rate at their moment", () => {
  expect(simulate(1, 4_500)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
});

test("Pace is smooth: no 100 ms of a high rate hold much more than their share", () => {
  const perWindow = new Array<number>(100).fill(0);
  for (const moment of simulate(10_000, 10_000)) perWindow[Math.floor(moment / 100)]! += 1;
  for (const count of perWindow) expect(count).toBeWithin(900, 1_101);
});

test("Pace catches up a short stall, and at most a second of a long one", () => {
  expect(simulate(100, 10_000, { atMs: 5_000, forMs: 500 }).length).toBeWithin(998, 1_002);
  expect(simulate(100, 20_000, { atMs: 5_000, forMs: 10_000 }).length).toBeWithin(1_095, 1_105);
});

test("Pace never waits when the rate is 0", () => {
  const pace = new Pace(0, 0);
  for (let round = 0; round < 1_000; round++) {
    expect(pace.delayMs(0)).toBe(0);
    pace.release();
  }
});

test("ReplayPace keeps the recorded distances, divided by the speed", () => {
  const pace = new ReplayPace(2);
  expect(pace.delayMs(1_000_000, 50)).toBe(0);
  expect(pace.delayMs(1_004_000, 50)).toBe(2_000);
  expect(pace.delayMs(1_004_000, 2_050)).toBe(0);
});

test("ReplayPace sends a row that is out of order at once, without shifting the others", () => {
  const pace = new ReplayPace(1);
  pace.delayMs(1_000_000, 0);
  expect(pace.delayMs(500_000, 0)).toBe(0);
  expect(pace.delayMs(1_001_000, 0)).toBe(1_000);
});

test("ReplayPace catches up at most a second after a stall", () => {
  const pace = new ReplayPace(1);
  pace.delayMs(0, 0);
  expect(pace.delayMs(1_000, 60_000)).toBe(0);
  expect(pace.delayMs(3_000, 60_000)).toBe(1_000);
});
