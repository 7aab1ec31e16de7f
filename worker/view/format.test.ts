import { expect, test } from "bun:test";
import {
  formatAge,
  formatCount,
  formatDate,
  formatDuration,
  formatMinute,
  formatPerHundred,
  formatShare,
  formatTime,
} from "./format.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test("formatCount() separates thousands", () => {
  expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

test("formatShare() gives one decimal, and a dash while there is no whole", () => {
  expect(formatShare(1, 3)).toBe("33.3%");
  expect(formatShare(0, 3)).toBe("0.0%");
  expect(formatShare(0, 0)).toBe("–");
});

test("formatPerHundred() gives a rate for each hundred, and a dash when there is none", () => {
  expect(formatPerHundred(0.0421)).toBe("4.2");
  expect(formatPerHundred(12)).toBe("1,200.0");
  expect(formatPerHundred(null)).toBe("–");
});

test("formatTime() and formatMinute() give the time in UTC wherever the reader is", () => {
  expect(formatTime("2026-03-01T23:04:05.678Z")).toBe("23:04:05");
  expect(formatMinute("2026-03-01T23:04:05.678Z")).toBe("23:04");
});

test("formatDate() gives the day in UTC, with its year", () => {
  expect(formatDate("2026-03-01T23:04:05.678Z")).toBe("1 Mar 2026");
  expect(formatDate("2026-09-25T00:00:00.000Z")).toBe("25 Sep 2026");
});

test("formatAge() never says less than has passed", () => {
  const ages: [number, string][] = [
    [-5, "0 s"],
    [0, "0 s"],
    [1, "1 s"],
    [3_000, "3 s"],
    [3_001, "4 s"],
    [59 * SECOND, "59 s"],
    [59 * SECOND + 1, "1 min"],
    [MINUTE, "1 min"],
    [MINUTE + 1, "2 min"],
    [59 * MINUTE, "59 min"],
    [59 * MINUTE + 1, "1 h"],
    [HOUR, "1 h"],
    [47 * HOUR - 1, "47 h"],
    [47 * HOUR + 1, "2 days"],
    [48 * HOUR, "2 days"],
    [48 * HOUR + 1, "3 days"],
    [24 * HOUR * 1_234, "1,234 days"],
  ];
  expect(ages.map(([age]) => formatAge(age))).toEqual(ages.map(([, text]) => text));
});

test("formatDuration() is as fine as the duration is short, also where it rounds to the next unit", () => {
  const durations: [number | null, string][] = [
    [null, "–"],
    [0, "0.0 ms"],
    [0.44, "0.4 ms"],
    [9.94, "9.9 ms"],
    [9.96, "10 ms"],
    [41.4, "41 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_940, "59.9 s"],
    [MINUTE, "1 min"],
    [3 * HOUR, "3 h"],
  ];
  expect(durations.map(([duration]) => formatDuration(duration))).toEqual(
    durations.map(([, text]) => text),
  );
});
