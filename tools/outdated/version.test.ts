import { expect, test } from "bun:test";
import fc from "fast-check";
import { isNewer, isPreRelease, newestOf } from "./version.ts";

test("isNewer() compares numbers by value when they have another count of digits", () => {
  expect(isNewer("4.10.0", "4.9.9")).toBe(true);
  expect(isNewer("476", "1000")).toBe(false);
  expect(isNewer("2026.11.1", "2026.2.1")).toBe(true);
});

test("isNewer() is false when the versions differ in form only", () => {
  for (const [one, same] of [
    ["1.0", "1.0.0"],
    ["3.5.0.Final", "3.5.0"],
    ["33.0-jre", "33.0"],
    ["1.2.0+build.7", "1.2.0"],
  ] as const) {
    expect([isNewer(one, same), isNewer(same, one)]).toEqual([false, false]);
  }
});

test("isNewer() puts a pre-release before its release when each registry writes it its own way", () => {
  for (const early of ["2.0.0-beta.17", "2.0.0rc1", "2.0.0.dev3", "2.0.0-M2", "2.0.0b2"]) {
    expect(isPreRelease(early)).toBe(true);
    expect(isNewer("2.0.0", early)).toBe(true);
    expect(isNewer(early, "1.9.9")).toBe(true);
  }
  expect(isNewer("2.0.0-beta.17", "2.0.0-beta.9")).toBe(true);
});

test("isNewer() puts a rebuild behind its release when it has a further part", () => {
  for (const [rebuilt, first] of [
    ["1.5.7-17", "1.5.7"],
    ["5.1.3.post1", "5.1.3"],
    ["25.0.2.1", "25.0.2"],
  ] as const) {
    expect(isPreRelease(rebuilt)).toBe(false);
    expect(isNewer(rebuilt, first)).toBe(true);
  }
});

test("newestOf() takes no pre-release when there is a release", () => {
  expect(newestOf(["3.0.0-beta3", "2.25.5", "2.9.1", "3.0.0-alpha1"])).toBe("2.25.5");
  expect(newestOf(["18.4.0-beta.9", "18.4.0-beta.17"])).toBe("18.4.0-beta.17");
  expect(newestOf([])).toBeUndefined();
});

test("newestOf() gives the same when the registry lists its versions in another order", () => {
  const versions = ["1.0", "1.0.1", "1.1.0rc1", "1.1.0", "1.10.0", "1.9.0", "2.0.0-beta"];
  fc.assert(
    fc.property(fc.shuffledSubarray(versions, { minLength: versions.length }), (shuffled) =>
      expect(newestOf(shuffled)).toBe("1.10.0"),
    ),
  );
});
