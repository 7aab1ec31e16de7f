import { expect, test } from "bun:test";
import { ruleAt, withRule } from "./duplicate-rules.ts";

const WINDOW = { from: 0, windowRecords: 65_536 };
const HOUR = { horizonMs: 3_600_000, partitions: 4 };

test("withRule() keeps earlier decisions when a partition moves from a window to a horizon", () => {
  const rules = withRule([WINDOW], 900, HOUR);
  expect(rules).toEqual([WINDOW, { from: 900, ...HOUR }]);
  expect(withRule(rules, 1_200, HOUR)).toEqual(rules);
  expect([ruleAt(rules, 899), ruleAt(rules, 900)]).toEqual([...rules]);
});

test("withRule() notes from where on another number of partitions decides the homes", () => {
  const rules = withRule([{ from: 0, ...HOUR }], 70, { ...HOUR, partitions: 8 });
  expect(rules).toEqual([
    { from: 0, ...HOUR },
    { from: 70, ...HOUR, partitions: 8 },
  ]);
});

test("withRule() leaves out rules by which nothing was decided", () => {
  expect(withRule([WINDOW], 0, HOUR)).toEqual([{ from: 0, ...HOUR }]);
  const rules = withRule([{ from: 0, ...HOUR }], 70, { ...HOUR, horizonMs: 5 });
  expect(withRule(rules, 70, HOUR)).toEqual([{ from: 0, ...HOUR }]);
});
