import { expect, test } from "bun:test";
import { hasColours } from "./terminal.ts";

test("hasColours() is true on a terminal only, and not where NO_COLOR says no", () => {
  expect(hasColours(true, { TERM: "xterm" })).toBe(true);
  expect(hasColours(false, { TERM: "xterm" })).toBe(false);
  expect(hasColours(true, { TERM: "xterm", NO_COLOR: "1" })).toBe(false);
  expect(hasColours(true, { TERM: "dumb" })).toBe(false);
});
