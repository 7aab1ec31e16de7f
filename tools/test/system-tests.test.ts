import { expect, test } from "bun:test";
import { strayTraits, systemTests } from "./system-tests.ts";

test("systemTests has every file once, the longest first, and no trait is of a file that is gone", () => {
  const names = systemTests.map(({ name }) => name);
  expect(names).toContain("tests/fence.test.ts");
  expect(new Set(names).size).toBe(names.length);
  const seconds = systemTests.map((step) => step.seconds);
  expect(seconds).toEqual(seconds.toSorted((one, other) => other - one));
  expect(strayTraits()).toEqual([]);
});
