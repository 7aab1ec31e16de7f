import { expect, test } from "bun:test";
import fc from "fast-check";
import { StoredDays } from "./stored-days.ts";
import type { DayColumns } from "./user-counts.ts";

const columns = (...pairs: [userId: number, day: number][]): DayColumns => ({
  userIds: pairs.map(([userId]) => userId),
  days: pairs.map(([, day]) => day),
});

test("missingOf() leaves out the day of each user that was added last, and keeps the order", () => {
  const stored = new StoredDays();
  stored.add(columns([1, 10], [2, 10], [2, 11]));
  expect(stored.missingOf(columns([1, 10], [1, 11], [2, 10], [2, 11], [3, 10]))).toEqual(
    columns([1, 11], [2, 10], [3, 10]),
  );
});

test("missingOf() gives everything when nothing has been added", () => {
  const all = columns([1, -1], [2, 0]);
  expect(new StoredDays().missingOf(all)).toEqual(all);
});

test("missingOf() never leaves out a day that was not added, however many users there are", () => {
  const pair = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: -1, max: 2 }));
  const tallies = fc.array(fc.tuple(fc.array(pair, { maxLength: 8 }), fc.boolean()));
  fc.assert(
    fc.property(tallies, fc.integer({ min: 1, max: 6 }), (list, usersMax) => {
      const stored = new StoredDays(usersMax);
      const added = new Set<string>();
      for (const [pairs, isCommitted] of list) {
        const missing = stored.missingOf(columns(...pairs));
        const sent = new Set(
          missing.userIds.map((userId, row) => `${userId} ${missing.days[row]}`),
        );
        for (const [userId, day] of pairs) {
          const key = `${userId} ${day}`;
          expect(sent.has(key) || added.has(key)).toBe(true);
        }
        if (!isCommitted) continue;
        stored.add(missing);
        for (const key of sent) added.add(key);
      }
    }),
  );
});
