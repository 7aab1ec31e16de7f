import { expect, test } from "bun:test";
import { ruleAt, withHorizon } from "./duplicate-rules.ts";

const WINDOW = { from: 0, windowRecords: 65_536 };
const HOUR_MS = 3_600_000;

test("withHorizon() keeps earlier decisions when a partition moves from a window to a horizon", () => {
  const rules = withHorizon([WINDOW], 900, HOUR_MS);
  expect(rules).toEqual([WINDOW, { from: 900, horizonMs: HOUR_MS }]);
  expect(withHorizon(rules, 1_200, HOUR_MS)).toEqual(rules);
  expect([ruleAt(rules, 899), ruleAt(rules, 900)]).toEqual([...rules]);
});

test("withHorizon() leaves out rules by which nothing was decided", () => {
  expect(withHorizon([WINDOW], 0, HOUR_MS)).toEqual([{ from: 0, horizonMs: HOUR_MS }]);
  const rules = withHorizon([{ from: 0, horizonMs: HOUR_MS }], 70, 2 * HOUR_MS);
  expect(withHorizon(rules, 70, HOUR_MS)).toEqual([{ from: 0, horizonMs: HOUR_MS }]);
});
