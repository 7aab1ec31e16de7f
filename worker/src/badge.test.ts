import { expect, test } from "bun:test";
import type { PublishedSummary } from "../../schema/summary.ts";
import { badge, drawBadge } from "./badge.ts";

const summary = (changes: Partial<PublishedSummary>) =>
  ({ events_today: 1_234_567, stale: false, ...changes }) as PublishedSummary;

test("badge() says how many events there were today", () => {
  expect(badge(summary({}))).toContain("events today: 1,234,567");
  expect(badge(summary({ events_today: 0 }))).toContain("events today: 0");
});

test("badge() is grey and says no number when there is none that is true", () => {
  expect(badge(undefined)).toContain("events today: no data");
  expect(badge(summary({ stale: true }))).toContain("events today: stale");
  expect(badge(summary({ stale: true }))).not.toContain("1,234,567");
  expect(badge(undefined)).toContain("#757575");
  expect(badge(summary({}))).not.toContain("#757575");
});

test("drawBadge() lets no text out of its place in the document", () => {
  const drawn = drawBadge('<script>"&', "</text>", "#000000");
  expect(drawn).not.toContain("<script>");
  expect(drawn).toContain("&lt;script&gt;&quot;&amp;");
  expect(drawn.match(/<\/text>/g)).toHaveLength(2);
});

test("drawBadge() is as wide as its texts ask for", () => {
  const width = (value: string) =>
    Number(/width="(\d+)"/.exec(drawBadge("a", value, "#000000"))?.[1]);
  expect(width("1,000")).toBe(width("10") + 2 * 7 + 4);
  for (const [, x, length] of drawBadge("events", "12,345", "#000000").matchAll(
    /x="(\d+)" y="14" textLength="(\d+)"/g,
  )) {
    expect(Number(x) + Number(length)).toBeLessThanOrEqual(width("12,345") * 2);
  }
});
