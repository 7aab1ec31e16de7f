import { expect, test } from "bun:test";
import { cacheDocument } from "./document-cache.ts";

const summary = { events: 1 };
const reading = (tag: string, ageMs: number, isStale = false) => ({
  value: { text: JSON.stringify(summary), tag },
  ageMs,
  isStale,
});
const context = (pageUrl = "https://page.test", theme?: "dark") => ({
  supersetUrl: undefined,
  pageUrl,
  theme,
  assets: { script: "page.js", style: "page.css" },
});

/** Numbers its documents, so that a test sees whether one was rendered again. */
function numbering() {
  let count = 0;
  return cacheDocument((given, { pageUrl }) => `${++count} ${given?.age_s} ${pageUrl}`);
}

test("cacheDocument() renders once when readers would get the same document", () => {
  const document = numbering();
  const first = document(reading("a", 1_201), context());
  expect(first).toBe("1 1.3 https://page.test");
  expect(document(reading("a", 1_299), context())).toBe(first);
});

test.each([
  ["the numbers", reading("b", 1_201), context()],
  ["the age", reading("a", 1_301), context()],
  ["being stale", reading("a", 1_201, true), context()],
  ["the address", reading("a", 1_201), context("https://other.test")],
  ["the theme", reading("a", 1_201), context(undefined, "dark")],
  ["having a copy", undefined, context()],
])("cacheDocument() renders again when %s differs", (_, other, otherContext) => {
  const document = numbering();
  document(reading("a", 1_201), context());
  expect(document(other, otherContext)).toStartWith("2 ");
});
