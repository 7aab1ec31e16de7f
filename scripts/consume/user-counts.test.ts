import { expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { UserCounts } from "./user-counts.ts";

const MS_PER_DAY = 86_400_000;

/** A moment at the edge of a few days, some before 1970, so that users alternate between days. */
const edgeOfDay = fc
  .tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 1, MS_PER_DAY - 1))
  .map(([day, ms]) => day * MS_PER_DAY + ms);

const addition = fc.record({
  userId: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.maxSafeNat().map((id) => Math.max(1, id)),
  ),
  typeIndex: fc.nat(EVENT_TYPES.length - 1),
  createdAtMs: fc.oneof(edgeOfDay, fc.integer({ min: -(10 ** 12), max: 10 ** 12 })),
});

/** By default lists have about ten members, too few for the table to grow. */
const LONG = { maxLength: 2_000, size: "max" } as const;

test("columns() gives each user and type once, counted, with the first moment, sorted by key", () => {
  fc.assert(
    fc.property(fc.array(addition, LONG), fc.integer(), (additions, seed) => {
      const counts = new UserCounts(seed);
      const expected = new Map<string, { count: number; firstMs: number }>();
      for (const { userId, typeIndex, createdAtMs } of additions) {
        counts.add(userId, typeIndex, createdAtMs);
        const key = `${userId} ${EVENT_TYPES[typeIndex]}`;
        const kept = expected.get(key) ?? { count: 0, firstMs: Number.POSITIVE_INFINITY };
        expected.set(key, {
          count: kept.count + 1,
          firstMs: Math.min(kept.firstMs, createdAtMs),
        });
      }
      const columns = counts.columns();
      const keys = columns.userIds.map(
        (userId, row) => [userId, EVENT_TYPES[columns.typeIndexes[row] as number]] as const,
      );
      const actual = keys.map(([userId, type], row) => [
        `${userId} ${type}`,
        { count: columns.counts[row], firstMs: columns.firstMs[row] },
      ]);
      expect(new Map(actual as never)).toEqual(expected as never);
      const sorted = keys.toSorted(
        (a, b) => a[0] - b[0] || ((a[1] as string) < (b[1] as string) ? -1 : 1),
      );
      expect(keys).toEqual(sorted);
      expect(counts.size).toBe(new Set(additions.map(({ userId }) => userId)).size);
    }),
  );
});

test("days() gives each user with each day once, sorted, when users go to and fro between days", () => {
  fc.assert(
    fc.property(fc.array(addition, LONG), fc.integer(), (additions, seed) => {
      const counts = new UserCounts(seed);
      const expected = new Map<string, number[]>();
      for (const { userId, typeIndex, createdAtMs } of additions) {
        counts.add(userId, typeIndex, createdAtMs);
        const isoDay = new Date(createdAtMs).toISOString().slice(0, 10);
        expected.set(`${userId} ${isoDay}`, [userId, Date.parse(isoDay) / MS_PER_DAY]);
      }
      const { userIds, days } = counts.days();
      expect(userIds.map((userId, row) => [userId, days[row]])).toEqual(
        [...expected.values()].sort(([a = 0, x = 0], [b = 0, y = 0]) => a - b || x - y),
      );
      expect(counts.daysMax).toBeGreaterThanOrEqual(days.length);
    }),
  );
});

test("days() gives a day once when the user leaves it and comes back", () => {
  const counts = new UserCounts();
  for (const day of [0, 1, 0, -1, -1, 0]) counts.add(7, 0, day * MS_PER_DAY);
  counts.add(3, 1, 5 * MS_PER_DAY - 1);
  expect(counts.days()).toEqual({ userIds: [3, 7, 7, 7], days: [4, -1, 0, 1] });
});
