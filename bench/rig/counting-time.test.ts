import { expect, test } from "bun:test";
import { countingTime, type Sample, whileCounting } from "./counting-time.ts";

/** One sample a second; each row holds the offsets of two partitions. */
const samplesOf = (...rows: [number, number][]): Sample[] =>
  rows.map((offsets, second) => ({ atMs: second * 1_000, offsets }));

test("whileCounting() leaves out what is before the first record and after the last", () => {
  const samples = samplesOf([0, 0], [0, 0], [0, 10], [20, 30], [40, 60], [40, 60]);
  expect(whileCounting(samples, 100)).toEqual(samples.slice(2, 5));
});

test("countingTime() divides all records by all time when nothing is disturbed", () => {
  const samples = samplesOf([0, 0], [10, 10], [20, 30], [40, 60]);
  const part = { seconds: 3, perSecond: 100 / 3 };
  expect(countingTime(samples, [40, 60], [])).toEqual({
    whole: part,
    counting: part,
    quiet: part,
    longestPauseMs: 1_000,
    longestQuietPauseMs: 1_000,
  });
});

test("countingTime() leaves a fault out of the quiet part until each partition has moved after it", () => {
  const samples = samplesOf([0, 0], [10, 10], [20, 10], [30, 10], [40, 10], [50, 20], [60, 30]);
  const fault = { fromMs: 1_500, toMs: 2_500, readsOn: false };
  expect(countingTime(samples, [100, 100], [fault])).toEqual({
    whole: { seconds: 6, perSecond: 15 },
    counting: { seconds: 6, perSecond: 15 },
    quiet: { seconds: 2, perSecond: 20 },
    longestPauseMs: 4_000,
    longestQuietPauseMs: 1_000,
  });
});

test("countingTime() takes a standstill of all partitions from the counting time unless consumers read on", () => {
  const samples = samplesOf([0, 0], [10, 10], [10, 10], [10, 10], [30, 30], [40, 40]);
  const fault = { fromMs: 1_100, toMs: 2_900 };
  const countingWhen = (readsOn: boolean) =>
    countingTime(samples, [100, 100], [{ ...fault, readsOn }]).counting;
  expect(countingWhen(false)).toEqual({ seconds: 2, perSecond: 40 });
  expect(countingWhen(true)).toEqual({ seconds: 5, perSecond: 16 });
});

test("countingTime() sees a pause that no fault explains, and none of a partition at its end", () => {
  const samples = samplesOf([0, 0], [10, 10], [10, 20], [10, 20], [20, 20], [30, 20]);
  const { longestPauseMs, longestQuietPauseMs } = countingTime(samples, [30, 20], []);
  expect([longestPauseMs, longestQuietPauseMs]).toEqual([3_000, 3_000]);
});

test("countingTime() takes a partition at its end as moved when a fault is over", () => {
  const samples = samplesOf([0, 20], [10, 20], [20, 20], [30, 20]);
  const fault = { fromMs: 500, toMs: 900, readsOn: false };
  expect(countingTime(samples, [30, 20], [fault]).quiet.seconds).toBe(1);
});
