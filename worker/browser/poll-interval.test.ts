import { expect, test } from "bun:test";
import { pollIntervalMs, retryAfterMs } from "./poll-interval.ts";

test("pollIntervalMs() is 3 seconds while answers come", () => {
  expect(pollIntervalMs(0, 0, 0)).toBe(3_000);
  expect(pollIntervalMs(0, 0.999, 0)).toBe(3_000);
});

test("pollIntervalMs() doubles with each failure, up to 30 seconds", () => {
  const longest = [1, 2, 3, 4, 5, 50, 5_000].map((failures) => pollIntervalMs(failures, 1, 0));
  expect(longest).toEqual([6_000, 12_000, 24_000, 30_000, 30_000, 30_000, 30_000]);
});

test("pollIntervalMs() spreads the pages over the second half of the interval", () => {
  expect(pollIntervalMs(1, 0, 0)).toBe(3_000);
  expect(pollIntervalMs(1, 0.5, 0)).toBe(4_500);
  expect(pollIntervalMs(9, 0, 0)).toBe(15_000);
});

test("pollIntervalMs() is 10 seconds once nobody has touched the page for 10 minutes", () => {
  expect(pollIntervalMs(0, 0, 599_999)).toBe(3_000);
  expect(pollIntervalMs(0, 0, 600_000)).toBe(10_000);
  expect(pollIntervalMs(1, 1, 600_000)).toBe(6_000);
});

test("retryAfterMs() obeys the header within limits, and waits a minute without one", () => {
  expect(["60", "0", "-5", "100000"].map(retryAfterMs)).toEqual([60_000, 0, 0, 600_000]);
  expect([null, "", "soon"].map(retryAfterMs)).toEqual([60_000, 60_000, 60_000]);
});
