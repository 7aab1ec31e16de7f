import { expect, test } from "bun:test";
import { RandomStream } from "../../scripts/produce/synthetic/random.ts";
import { faultCount, planFaults } from "./fault-plan.ts";

const VICTIMS = ["consumer", "kafka", "postgres"];
const plan = (seed: number, count: number) =>
  planFaults(new RandomStream([seed, 1, 2, 3]), VICTIMS, { count, sessionMs: 6_000 });

test("faultCount() grows with the events, from two to a hundred", () => {
  expect([800_000, 10_000_000, 100_000_000, 1e9].map(faultCount)).toEqual([2, 10, 100, 100]);
});

test("planFaults() gives the same faults when the seed is the same", () => {
  expect(plan(7, 20)).toEqual(plan(7, 20));
  expect(plan(7, 20)).not.toEqual(plan(8, 20));
});

test("planFaults() spreads kills and freezes over all victims when there are many faults", () => {
  const faults = plan(1, 3_000);
  const share = (some: typeof faults) => some.length / faults.length;
  for (const victim of VICTIMS) {
    expect(share(faults.filter((fault) => fault.victim === victim))).toBeCloseTo(1 / 3, 1);
  }
  const freezes = faults.flatMap(({ frozenMs }) => frozenMs ?? []);
  expect(freezes.length / faults.length).toBeCloseTo(1 / 2, 1);
  expect(Math.min(...freezes)).toBeWithin(10, 20);
  expect(Math.max(...freezes)).toBeWithin(8_500, 9_001);
  expect(freezes.filter((ms) => ms > 6_000).length / freezes.length).toBeCloseTo(1 / 5, 1);
});

test("planFaults() keeps the mean distance at one", () => {
  const distances = plan(2, 3_000).map(({ distance }) => distance);
  expect(distances.reduce((sum, distance) => sum + distance) / 3_000).toBeCloseTo(1, 1);
});
