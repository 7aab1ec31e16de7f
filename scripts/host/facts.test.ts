import { expect, test } from "bun:test";
import { metricSum, rate, span } from "./facts.ts";

test("metricSum() adds a metric over its labels, and no other of a like name", () => {
  const text = `# HELP lag Records
lag{partition="0"} 3
lag{partition="1"} 4
lag_seconds{partition="1"} 100
events_total 12
`;
  expect([
    metricSum(text, "lag"),
    metricSum(text, "events_total"),
    metricSum(text, "none"),
  ]).toEqual([7, 12, 0]);
});

test("rate() and span() are as exact as a person needs", () => {
  expect([0, 0.94, 12_345.6].map(rate)).toEqual(["0.0/s", "0.9/s", "12,346/s"]);
  expect([4.4, 119, 120, 7_200, 200_000].map(span)).toEqual([
    "4 s",
    "119 s",
    "2 min",
    "2 h",
    "2 days",
  ]);
});
