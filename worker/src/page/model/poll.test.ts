import { expect, test } from "bun:test";
import { pollIntervalMs } from "./poll.ts";

test("pollIntervalMs() is 3 seconds while answers come", () => {
  expect(pollIntervalMs(0, 0)).toBe(3_000);
  expect(pollIntervalMs(0, 0.999)).toBe(3_000);
});

test("pollIntervalMs() doubles with each failure, up to 30 seconds", () => {
  const longest = [1, 2, 3, 4, 5, 50, 5_000].map((failures) => pollIntervalMs(failures, 1));
  expect(longest).toEqual([6_000, 12_000, 24_000, 30_000, 30_000, 30_000, 30_000]);
});

test("pollIntervalMs() spreads the pages over the second half of the interval", () => {
  expect(pollIntervalMs(1, 0)).toBe(3_000);
  expect(pollIntervalMs(1, 0.5)).toBe(4_500);
  expect(pollIntervalMs(9, 0)).toBe(15_000);
});
