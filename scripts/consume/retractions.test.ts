/** Records that take events back, as the reader of a partition decides them. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordBatch, type TestRecord } from "../../tests/harness/record-batch.ts";
import type { IdBatch } from "./horizon/id-batch.ts";
import { PartitionReader, type ReaderOptions } from "./partition-reader.ts";
import { PlainFinder } from "./plain-finder.fixture.ts";

const readerOf = (options: Partial<ReaderOptions> = {}) =>
  new PartitionReader({ readFrom: 0, countFrom: 0, duplicates: new PlainFinder(), ...options });

const idOf = (id: number) => `00000000-0000-4000-8000-${String(id).padStart(12, "0")}`;
const eventText = (id: number, userId = 1) =>
  `{"event_id":"${idOf(id)}","user_id":${userId},"event_type":"view","created_at":"2025-12-31T23:58:00.000Z"}`;
const retractionText = (id: number, userId = 1) => `{"retract":"${idOf(id)}","user_id":${userId}}`;

const event = (id: number, userId?: number): TestRecord => ({ value: eventText(id, userId) });
const retraction = (id: number, userId?: number): TestRecord => ({
  value: retractionText(id, userId),
});

test("read() takes an event back once, and counts its id again after that", () => {
  const reader = readerOf();
  const records = [retraction(5), event(5), event(5), retraction(5), retraction(5), event(5)];
  reader.read(recordBatch(records));
  const { stored, duplicates, retractions, retracted, rejected, nextOffset } = reader.take();
  expect({ stored, duplicates, retractions, retracted, rejected, nextOffset }).toEqual({
    ...{ stored: 2, duplicates: 1, retractions: 3, retracted: 1, rejected: 0, nextOffset: 6 },
  });
});

test("read() agrees with a plain recount when the log is cut anywhere and read again", () => {
  const record = fc.record({
    id: fc.nat(4),
    retracts: fc.boolean(),
    origin: fc.option(fc.nat(3), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(record, { minLength: 1 }), { maxLength: 12 }),
      fc.nat(40),
      (cut, countFrom) => {
        const standing = new Set<number>();
        const origins = new Set<number>();
        const expected = { stored: 0, duplicates: 0, retractions: 0, retracted: 0 };
        const reader = readerOf({ countFrom });
        let offset = 0;
        for (const records of cut) {
          reader.read(
            recordBatch(
              records.map(({ id, retracts, origin }) => ({
                ...(retracts ? retraction(id) : event(id)),
                ...(origin !== undefined && { headers: { "forwarded-from": `1:${origin}` } }),
              })),
              offset,
            ),
          );
          for (const { id, retracts, origin } of records) {
            const isRepeat = retracts && origin !== undefined && origins.has(origin);
            if (retracts && origin !== undefined) origins.add(origin);
            const stands = standing.has(id) && !isRepeat;
            if (offset++ >= countFrom) {
              if (!retracts) expected[stands ? "duplicates" : "stored"] += 1;
              else expected.retractions += 1;
              if (retracts && stands) expected.retracted += 1;
            }
            if (!retracts) standing.add(id);
            else if (!isRepeat) standing.delete(id);
          }
        }
        expect(reader.take()).toMatchObject(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("read() takes a retraction for no event before the rule that knows them", () => {
  const reader = readerOf({ retractsFrom: 2 });
  reader.read(recordBatch([event(5), retraction(5), retraction(5)]));
  const { retractions, retracted, deadLetters } = reader.take();
  expect({ retractions, retracted }).toEqual({ retractions: 1, retracted: 1 });
  expect(deadLetters.map(({ offset, reason }) => [offset, reason])).toEqual([[1, "bad_event_id"]]);
});

test("read() sends a misplaced retraction home, from where it stood first", () => {
  const reader = readerOf({ isHome: (_offset, userId) => userId === 1 });
  const again = { ...retraction(5, 2), headers: { "forwarded-from": "3:77" } };
  reader.read(recordBatch([event(5), retraction(5, 2), again]));
  const { stored, duplicates, forwarded, retractions, strays } = reader.take();
  expect({ stored, duplicates, forwarded, retractions }).toEqual({
    ...{ stored: 1, duplicates: 2, forwarded: 2, retractions: 0 },
  });
  expect(strays.map(({ offset, userId, origin }) => [offset, userId, origin])).toEqual([
    [1, 2, undefined],
    [2, 2, { partition: 3, offset: 77 }],
  ]);
});

test("read() leaves an event out of the counts when it is known to be taken back", () => {
  const reader = readerOf({ isRemoved: (offset) => offset === 1 });
  reader.read(recordBatch([event(4), event(5), event(5), retraction(5)]));
  const tally = reader.take();
  expect(tally).toMatchObject({ stored: 2, removed: 1, duplicates: 1, retracted: 1 });
  expect(tally.users.columns().counts).toEqual([1]);
  expect(tally.minutes().map(({ count }) => count)).toEqual([1]);
});

test("check() finds the last record of the index when it is a retraction", () => {
  const seen: number[] = [];
  const check = (ids: IdBatch) => seen.push(ids.count, ids.words[3] as number);
  const reader = readerOf({ last: { offset: 0, check } });
  reader.check(recordBatch([retraction(5)]));
  expect(seen).toEqual([1, 5]);
});
