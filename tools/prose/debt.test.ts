import { expect, test } from "bun:test";
import { countFindings, grownRules, mayBeNew } from "./debt.ts";

const known = { "a.ts": { anew: 2 }, "b.ts": { who: 1 } };

test("grownRules() names a rule with more findings in all than are known", () => {
  expect(grownRules(known, { "a.ts": { anew: 2 } })).toEqual([]);
  expect(grownRules(known, { "moved.ts": { anew: 2 } })).toEqual([]);
  expect(grownRules(known, { "a.ts": { anew: 2 }, "c.ts": { anew: 1 } })).toEqual(["anew"]);
  expect(grownRules(known, { "a.ts": { brings: 1 } })).toEqual(["brings"]);
});

test("mayBeNew() is true in a file with more of the rule than are known there", () => {
  const found = { "a.ts": { anew: 2 }, "c.ts": { anew: 1 } };
  expect(mayBeNew(known, found, { path: "a.ts", rule: "anew" })).toBe(false);
  expect(mayBeNew(known, found, { path: "c.ts", rule: "anew" })).toBe(true);
});

test("countFindings() counts by file and rule", () => {
  const at = (path: string, rule: string) => ({ path, rule });
  expect(countFindings([at("a.ts", "anew"), at("a.ts", "anew"), at("b.ts", "who")])).toEqual(known);
});
