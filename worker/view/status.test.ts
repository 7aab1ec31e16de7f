import { expect, test } from "bun:test";
import { ageMs, describeStatus, findState } from "./status.ts";
import { example } from "./summary.fixture.ts";

const data = { summary: example, elapsedMs: 0, failures: 0, isOnline: true };
const stale = { ...example, stale: true, age_s: 245 };
const empty = {
  ...example,
  events: 0,
  events_by_type: { view: 0, click: 0, purchase: 0 },
};

test("ageMs() adds what has passed since to the age that the summary said", () => {
  expect(ageMs({ ...data, elapsedMs: 2_500 })).toBe(3_000);
});

test("findState() is live while the numbers are fresh", () => {
  expect(findState(data)).toBe("live");
});

test("findState() is stale when the summary says so, or when requests fail and the numbers are old", () => {
  expect(findState({ ...data, summary: stale })).toBe("stale");
  expect(findState({ ...data, failures: 1, elapsedMs: 14_000 })).toBe("live");
  expect(findState({ ...data, failures: 1, elapsedMs: 15_000 })).toBe("stale");
});

test("findState() does not blame the platform when the page was hidden and has not asked", () => {
  expect(findState({ ...data, elapsedMs: 3_600_000 })).toBe("live");
});

test("findState() blames the browser's own network before the platform", () => {
  const cut = { ...data, isOnline: false, failures: 1 };
  expect(findState({ ...cut, summary: stale })).toBe("offline");
  expect(findState({ ...cut, summary: undefined })).toBe("offline");
});

test("findState() does not blame the platform when it refuses an address that asks too often", () => {
  const limited = { ...data, failures: 5, isLimited: true, elapsedMs: 60_000 };
  expect(findState(limited)).toBe("limited");
  expect(sentence(limited)).toBe(
    "Too many requests come from your address, so this page waits; these numbers are from 12:34:56 UTC, 2 min ago",
  );
});

test("findState() does not believe a browser that thinks it is offline while answers come", () => {
  expect(findState({ ...data, isOnline: false })).toBe("live");
});

test("findState() tells a platform without events from one that has never published", () => {
  expect(findState({ ...data, summary: empty })).toBe("empty");
  expect(findState({ ...data, summary: { ...empty, stale: true } })).toBe("stale");
  expect(findState({ ...data, summary: undefined })).toBe("none");
});

const sentence = (given: Parameters<typeof describeStatus>[0]) => {
  const { text, age } = describeStatus(given);
  return text + age;
};

test("describeStatus() says how old the numbers are in each state that has some", () => {
  expect(sentence({ ...data, elapsedMs: 2_500 })).toBe("Live, as of 12:34:56 UTC (3 s ago)");
  expect(sentence({ ...data, summary: stale })).toBe(
    "The platform cannot be reached; these numbers are from 12:34:56 UTC, 5 min ago",
  );
  expect(sentence({ ...data, isOnline: false, failures: 1, elapsedMs: 59_500 })).toBe(
    "Your browser is offline; these numbers are from 12:34:56 UTC, 1 min ago",
  );
});

test("describeStatus() names what counting waits for, and since when", () => {
  const pause = { waiting_for: "Kafka", since: "2026-03-01T12:30:00.000Z" };
  const paused = { ...data, summary: { ...example, pause } };
  expect(findState(paused)).toBe("paused");
  expect(sentence(paused)).toBe(
    "Counting pauses since 12:30:00 UTC and waits for Kafka; these numbers are from 12:34:56 UTC, 1 s ago",
  );
  // Numbers that are old say less than that they are.
  expect(findState({ ...paused, summary: { ...stale, pause } })).toBe("stale");
});

test("describeStatus() says the day of numbers that are not of today", () => {
  const ofDaysAgo = { ...stale, age_s: 3 * 86_400 };
  expect(sentence({ ...data, summary: ofDaysAgo })).toBe(
    "The platform cannot be reached; these numbers are from 1 Mar 2026, 12:34:56 UTC, 3 days ago",
  );
});

test("describeStatus() names no time when there are no numbers", () => {
  expect(sentence({ ...data, summary: undefined, isOnline: false, failures: 1 })).toBe(
    "Your browser is offline.",
  );
  expect(sentence({ ...data, summary: undefined })).toContain("This page retries automatically.");
});
