import { expect, test } from "bun:test";
import type { TypeCounts } from "../../../schema/event-types.ts";
import type { Summary } from "../../../schema/summary.ts";
import { previewSvg } from "./svg.ts";

const NONE = { view: 0, click: 0, purchase: 0 };
const COLOURS = { view: "#2f6fde", click: "#e8a317", purchase: "#1c9d6c" };

/** A summary of which the preview shows the given part. */
function drawn(minutes: Partial<Record<number, TypeCounts>>, change: Partial<Summary> = {}) {
  const timeline = Array.from({ length: 60 }, (_, index) => ({
    minute: new Date(Date.UTC(2026, 1, 3, 8, 21 + index)).toISOString(),
    ...(minutes[index] ?? NONE),
  }));
  const summary = { as_of: "2026-02-03T09:20:07.250Z", events: 0, users: 0, conversion_rate: null };
  return previewSvg({ ...summary, timeline, ...change } as Summary);
}

const textsOf = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);

/** The boxes of a colour that are bars of the chart. */
const barsOf = (svg: string, colour: string) =>
  [
    ...svg.matchAll(
      /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="([^"]+)"/g,
    ),
  ]
    .map((match) => ({ box: match.slice(1, 5).map(Number), colour: match[5] }))
    .filter((rect) => rect.colour === colour && rect.box[1]! > 360)
    .map(({ box: [x, y, width, height] }) => ({
      x: x!,
      width: width!,
      top: y!,
      bottom: y! + height!,
    }));

test("previewSvg() shows the numbers, the time and the hour that it draws", () => {
  const svg = drawn(
    { 3: { view: 1_000, click: 200, purchase: 34 } },
    { events: 123_456, users: 1_034, conversion_rate: 0.1234 },
  );
  const texts = textsOf(svg);
  for (const text of [
    "User activity",
    "as of 3 Feb 2026, 09:20 UTC",
    "123,456",
    "1,034",
    "12.3%",
  ]) {
    expect(texts).toContain(text);
  }
  expect(texts).toContain("Events each minute, up to 1,234");
  expect(texts.slice(-2)).toEqual(["08:21 UTC", "09:20 UTC"]);
});

test("previewSvg() stacks the bars of a minute, the highest minute over the whole chart", () => {
  const svg = drawn({
    0: { view: 30, click: 20, purchase: 10 },
    59: { view: 60, click: 40, purchase: 20 },
  });
  const [views, clicks, purchases] = Object.values(COLOURS).map((colour) => barsOf(svg, colour));
  for (const bars of [views, clicks, purchases]) expect(bars).toHaveLength(2);
  expect(views![0]!.x).toBe(64);
  expect(views![1]!.x + views![1]!.width).toBeCloseTo(1_136, 1);
  for (const index of [0, 1]) {
    expect(views![index]!.bottom).toBeCloseTo(556, 1);
    expect(clicks![index]!.bottom).toBeCloseTo(views![index]!.top, 1);
    expect(purchases![index]!.bottom).toBeCloseTo(clicks![index]!.top, 1);
  }
  const heights = [0, 1].map((index) => views![index]!.bottom - purchases![index]!.top);
  expect(heights[1]).toBeCloseTo(188, 1);
  expect(heights[0]).toBeCloseTo(94, 1);
});

test("previewSvg() says so when nothing has happened", () => {
  const texts = textsOf(drawn({}));
  expect(texts).toContain("No events in the last hour");
  expect(texts.filter((text) => text === "0")).toHaveLength(2);
  expect(texts).toContain("–");
});

test("previewSvg() shortens what is wider than its place", () => {
  const svg = drawn({}, { events: 8_123_456_789, users: 1_000_000, conversion_rate: 25 });
  const texts = textsOf(svg);
  for (const text of ["8.12B", "1M", ">999%"]) expect(texts).toContain(text);
});
