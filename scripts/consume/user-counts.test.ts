import { expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_TYPES } from "../../schema/event.ts";
import { UserCounts } from "./user-counts.ts";

const addition = fc.record({
  userId: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.maxSafeNat().map((id) => Math.max(1, id)),
  ),
  typeIndex: fc.nat(EVENT_TYPES.length - 1),
  createdAtMs: fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
});

test("columns() gives each user and type once, counted, with the first moment, sorted by key", () => {
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 3_000 }), fc.integer(), (additions, seed) => {
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
