import { expect, test } from "bun:test";
import {
  childRules,
  findsLike,
  parentOf,
  retractsFrom,
  ruleAt,
  type WantedRule,
  withRule,
} from "./duplicate-rules.ts";

const WINDOW = { from: 0, windowRecords: 65_536 };
const HOUR: WantedRule = {
  horizonMs: 3_600_000,
  partitions: 4,
  aheadMsMax: 86_400_000,
  retracts: true,
};

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

test("childRules() names all partitions that have held the users when partitions are added twice", () => {
  const wide = { ...HOUR, partitions: 16 };
  const first = withRule([{ from: 0, ...HOUR }], 70, { ...HOUR, partitions: 8 });
  const child = childRules({ partition: 0, rules: first }, 0, { ...HOUR, partitions: 8 });
  expect(child).toEqual([
    { from: 0, ...HOUR, partitions: 8, inherits: [{ partition: 0, below: 70, partitions: 8 }] },
  ]);
  const grandchild = childRules({ partition: 4, rules: withRule(child, 30, wide) }, 0, wide);
  expect(grandchild).toMatchObject([
    {
      inherits: [
        { partition: 4, below: 30, partitions: 16 },
        { partition: 0, below: 70, partitions: 16 },
      ],
    },
  ]);
});

test("retractsFrom() is where the first rule begins that knows retractions", () => {
  const { retracts: _retracts, ...old } = HOUR;
  const rules = withRule([WINDOW, { from: 40, ...old }], 70, HOUR);
  expect(retractsFrom(rules)).toBe(70);
  expect(retractsFrom(withRule(rules, 90, { ...HOUR, partitions: 8 }))).toBe(70);
  expect(retractsFrom([WINDOW, { from: 40, ...old }])).toBe(Number.POSITIVE_INFINITY);
});

test("parentOf() refuses a number of partitions when it is not a multiple of the one before", () => {
  const neighbours = [0, 1, 2, 3].map((partition) => ({
    partition,
    rules: [{ from: 0, ...HOUR }],
  }));
  expect(parentOf(6, 8, neighbours)).toBe(2);
  expect(parentOf(3, 4, neighbours)).toBeUndefined();
  expect(() => parentOf(4, 6, neighbours)).toThrow("6 partitions are no multiple of 4");
});

test("parentOf() counts the partitions that have rules of the past when their number is not noted", () => {
  const neighbours = [
    { partition: 0, rules: [WINDOW, { from: 9, ...HOUR, partitions: 4 }] },
    { partition: 1, rules: [WINDOW] },
    { partition: 2, rules: [{ from: 0, ...HOUR }] },
  ];
  expect(parentOf(3, 4, neighbours)).toBe(1);
});

test("findsLike() is true only for rules that find the same duplicates", () => {
  const rule = { from: 0, horizonMs: 5 };
  const inherits = [{ partition: 0, below: 9, partitions: 2 }];
  expect(findsLike({ from: 9, ...HOUR, horizonMs: 5 }, rule)).toBe(true);
  expect(findsLike({ ...rule, inherits }, rule)).toBe(false);
  expect(findsLike(rule, { ...rule, inherits })).toBe(false);
  expect(findsLike(rule, WINDOW)).toBe(false);
});
