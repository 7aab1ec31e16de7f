import { expect, test } from "bun:test";
import fc from "fast-check";
import { homeOf, homesOf } from "./homes.ts";

test("homesOf() answers as the partitioner does when users share a place in its memory", () => {
  // 16,384 apart, users have one place.
  const user = fc.tuple(fc.nat(3), fc.nat(5)).map(([low, high]) => 1 + low + high * 16_384);
  fc.assert(
    fc.property(fc.array(user), (users) => {
      const isHome = homesOf(1, [{ from: 0, horizonMs: 1, partitions: 4 }]);
      for (const userId of users) expect(isHome(0, userId)).toBe(homeOf(userId, 4) === 1);
    }),
  );
});

test("homesOf() follows the rule that holds at the offset when partitions were added", () => {
  const isHome = homesOf(0, [
    { from: 0, windowRecords: 5 },
    { from: 10, horizonMs: 1, partitions: 2 },
    { from: 20, horizonMs: 1, partitions: 4 },
  ]);
  const users = Array.from({ length: 200 }, (_, index) => 2 ** 40 + index);
  for (const userId of users) {
    expect(isHome(9, userId)).toBe(true);
    expect(isHome(10, userId)).toBe(homeOf(userId, 2) === 0);
    expect(isHome(19, userId)).toBe(homeOf(userId, 2) === 0);
    expect(isHome(20, userId)).toBe(homeOf(userId, 4) === 0);
  }
});
