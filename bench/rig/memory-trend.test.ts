import { expect, test } from "bun:test";
import { trendOf } from "./memory-trend.ts";

test("trendOf() gives the mean of each tenth, and the most of all", () => {
  const samples = Array.from({ length: 40 }, (_, index) => ({ own: index, mapped: 100 - index }));
  expect(trendOf("kafka", samples)).toEqual({
    name: "kafka",
    tenths: [1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5, 33.5, 37.5],
    most: 39,
    mostMapped: 100,
  });
});

test("trendOf() leaves out what has no sample when there are few", () => {
  const samples = [1, 2, 3].map((own) => ({ own, mapped: 0 }));
  expect(trendOf("kafka", samples).tenths).toEqual([1, 2, 3]);
  expect(trendOf("kafka", [])).toEqual({ name: "kafka", tenths: [], most: 0, mostMapped: 0 });
});
