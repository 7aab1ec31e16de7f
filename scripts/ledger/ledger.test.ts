import { expect, test } from "bun:test";
import { eventsInTables, isBalanced, type LedgerCounts } from "../../schema/ledger.ts";
import { describeToRemove, type PartitionLedger, totalsOf } from "./ledger.ts";

const ledger = (change: Partial<PartitionLedger>): PartitionLedger => ({
  partition: 0,
  topicId: "00000000-0000-4000-8000-000000000001",
  firstOffset: 0,
  nextOffset: 0,
  stored: 0,
  duplicates: 0,
  rejected: 0,
  absent: 0,
  lost: 0,
  retractions: 0,
  retracted: 0,
  removed: 0,
  forwarded: 0,
  rules: [{ from: 0, horizonMs: 604_800_000 }],
  standstill: null,
  ...change,
});

test("totalsOf() is all zero when nothing has been counted", () => {
  expect(totalsOf([])).toEqual({
    ...{ read: 0, stored: 0, duplicates: 0, rejected: 0, absent: 0, lost: 0 },
    ...{ retractions: 0, retracted: 0, removed: 0 },
  });
});

test("totalsOf() adds up the partitions, each from where its counting began", () => {
  const ledgers = [
    ledger({ firstOffset: 100, nextOffset: 110, stored: 6, duplicates: 3, rejected: 1 }),
    ledger({
      ...{ partition: 1, firstOffset: 5, nextOffset: 14, stored: 4, absent: 2, lost: 1 },
      ...{ retractions: 2, retracted: 1, removed: 1 },
    }),
  ];
  expect(totalsOf(ledgers)).toEqual({
    ...{ read: 19, stored: 10, duplicates: 3, rejected: 1, absent: 2, lost: 1 },
    ...{ retractions: 2, retracted: 1, removed: 1 },
  });
});

const counts: LedgerCounts = {
  ...{ read: 18, stored: 10, duplicates: 2, rejected: 1, absent: 2, lost: 0 },
  ...{ retractions: 3, retracted: 2, removed: 1 },
};

test("isBalanced() holds when every record that was read is accounted for", () => {
  expect(isBalanced(counts)).toBe(true);
});

test.each(["read", "stored", "duplicates", "rejected", "retractions", "absent"] as const)(
  "isBalanced() does not hold when %s is one too many",
  (name) => {
    expect(isBalanced({ ...counts, [name]: counts[name] + 1 })).toBe(false);
  },
);

test("isBalanced() does not hold when records were lost, even if the rest adds up", () => {
  expect(isBalanced({ ...counts, lost: 1 })).toBe(false);
});

test("eventsInTables() leaves out what is removed, not what is only taken back", () => {
  expect(eventsInTables(counts)).toBe(9);
});

test("describeToRemove() names the command, or why it cannot help", () => {
  expect(describeToRemove({ retracted: 3, removed: 3 })).toBeUndefined();
  expect(describeToRemove({ retracted: 3, removed: 1 })).toBe(
    "2 events are taken back and wait for `bun run replay`",
  );
  expect(describeToRemove({ retracted: 1, removed: 0 })).toBe(
    "1 event is taken back and waits for `bun run replay`",
  );
  expect(describeToRemove({ retracted: 1, removed: 0 }, false)).toContain(
    "1 event is taken back and stays counted: the log no longer begins where counting did",
  );
});
