import { expect, test } from "bun:test";
import { example } from "./summary.fixture.ts";
import { axisLabel, describeTimeline, sumTimeline, timelineData } from "./timeline.ts";

const { timeline } = example;

test("timelineData() has a bar for each minute, oldest first, and the counts of each type", () => {
  const { labels, counts } = timelineData(timeline);
  expect([labels.length, labels[0], labels.at(-1)]).toEqual([60, "11:35", "12:34"]);
  expect(counts).toHaveLength(3);
  expect(counts[0]!).toEqual(timeline.map(({ view }) => view));
  expect(counts[1]!).toEqual(timeline.map(({ click }) => click));
  expect(counts[2]!).toEqual(timeline.map(({ purchase }) => purchase));
});

test("axisLabel() names each tenth minute, but none that would be cut off at the end", () => {
  const { labels } = timelineData(timeline);
  const named = labels.map((_, place) => axisLabel(labels, place)).filter(Boolean);
  expect(named).toEqual(["11:40", "11:50", "12:00", "12:10", "12:20", "12:30"]);
  const later = labels.slice(0, 58);
  expect(axisLabel(later, labels.indexOf("12:30"))).toBe("");
});

test("sumTimeline() adds up each type", () => {
  expect(sumTimeline(timeline)).toEqual({ view: 7_770, click: 2_574, purchase: 120 });
});

test("describeTimeline() says in a sentence what the chart shows", () => {
  expect(describeTimeline(timeline)).toStartWith(
    "Events per minute from 11:35 to 12:34 UTC: 7,770 views, 2,574 clicks, 120 purchases in all.",
  );
});
