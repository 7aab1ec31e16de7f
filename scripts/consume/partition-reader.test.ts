import { expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { recordBatch, type TestRecord } from "../../tests/harness/record-batch.ts";
import type { RecordBatch } from "../kafka/record-cursor.ts";
import { sum } from "../lib/sum.ts";
import type { IdBatch } from "./horizon/id-batch.ts";
import { momentsOf } from "./moments.ts";
import { PartitionReader, type ReaderOptions } from "./partition-reader.ts";
import type { Tally } from "./tally.ts";
import { WindowFinder } from "./window-finder.ts";

const WINDOW = 20;

/** Two minutes before a day ends, so that events fall on both sides. */
const START_MS = Date.UTC(2025, 11, 31, 23, 58);

const eventText = (id: number, userId: number, type: number, second: number) =>
  `{"event_id":"00000000-0000-4000-8000-${String(id).padStart(12, "0")}","user_id":${userId},"event_type":"${EVENT_TYPES[type]}","created_at":"${new Date(START_MS + second * 1_000).toISOString()}"}`;

const record: fc.Arbitrary<TestRecord> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(60), fc.integer({ min: 1, max: 8 }), fc.nat(2), fc.nat(300), fc.nat(1))
      .map(([id, userId, type, second, gap]) => ({
        value: eventText(id, userId, type, second),
        gap,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TestRecord>(
      { value: null },
      { value: "" },
      { value: "not json" },
      { value: '{"event_id":1}' },
      { value: new Uint8Array([0xff, 0xfe]), key: "k", headers: { source: "test" } },
    ),
  },
);

/** A log cut into record batches at random places. */
const log = fc
  .array(fc.array(record, { minLength: 1, maxLength: 12 }), { maxLength: 12 })
  .map((cut) => {
    let next = 0;
    return cut.map((records) => {
      const batch = recordBatch(records, next);
      next = batch.lastOffset + 1;
      return batch;
    });
  });

/** The content of the tables after the tallies. */
function tables(tallies: Tally[]) {
  const users = new Map<string, { count: number; firstMs: number }>();
  const days = new Set<string>();
  const minutes = new Map<string, number>();
  for (const tally of tallies) {
    const columns = tally.users.columns();
    columns.userIds.forEach((userId, row) => {
      const key = `${userId} ${columns.typeIndexes[row]}`;
      const kept = users.get(key) ?? { count: 0, firstMs: Number.POSITIVE_INFINITY };
      users.set(key, {
        count: kept.count + (columns.counts[row] as number),
        firstMs: Math.min(kept.firstMs, columns.firstMs[row] as number),
      });
    });
    const active = tally.users.days();
    active.userIds.forEach((userId, row) => {
      days.add(`${userId} ${active.days[row]}`);
    });
    for (const { minuteMs, typeIndex, count } of tally.minutes()) {
      const key = `${minuteMs} ${typeIndex}`;
      minutes.set(key, (minutes.get(key) ?? 0) + count);
    }
  }
  const parts = ["stored", "duplicates", "rejected", "absent", "lost"] as const;
  return {
    users: [...users].sort(),
    days: [...days].sort(),
    minutes: [...minutes].sort(),
    letters: tallies.flatMap(({ deadLetters }) => deadLetters),
    ledger: parts.map((part) => sum(tallies.map((tally) => tally[part]))),
    nextOffset: tallies.at(-1)?.nextOffset ?? 0,
  };
}

/** A reader that finds duplicates within a window of records. */
const readerOf = (options: Partial<ReaderOptions> = {}, windowRecords = WINDOW) =>
  new PartitionReader({
    readFrom: 0,
    countFrom: 0,
    duplicates: new WindowFinder(windowRecords),
    ...options,
  });

const readAll = (batches: RecordBatch[]) => {
  const reader = readerOf();
  for (const batch of batches) reader.read(batch);
  return tables([reader.take()]);
};

test("read() gives the same tables when the log is stored in pieces and reopened", () => {
  fc.assert(
    fc.property(log, fc.array(fc.boolean()), (batches, restarts) => {
      const tallies: Tally[] = [];
      let reader = readerOf();
      batches.forEach((batch, index) => {
        reader.read(batch);
        if (!restarts[index]) return;
        tallies.push(reader.take());
        const countFrom = reader.position;
        const readFrom = Math.max(0, countFrom - WINDOW);
        reader = readerOf({ readFrom, countFrom, seed: index });
        for (const earlier of batches.slice(0, index + 1)) {
          if (earlier.lastOffset >= readFrom) reader.read(earlier);
        }
      });
      tallies.push(reader.take());
      expect(tables(tallies)).toEqual(readAll(batches));
    }),
    { numRuns: 500 },
  );
});

test("read() counts nothing twice when it is given the same batches again", () => {
  fc.assert(
    fc.property(log, (batches) => {
      const reader = readerOf();
      for (const batch of batches) reader.read(batch);
      for (const batch of batches) reader.read(batch);
      expect(tables([reader.take()])).toEqual(readAll(batches));
    }),
  );
});

test("read() gives the same counts when the same events arrive in another order", () => {
  // Each id stands for one event here: with two events of one id, the order would choose one.
  const event = fc.nat(40).map((id) => ({ value: eventText(id, 1 + (id % 5), id % 3, id * 7) }));
  const records = fc.array(fc.oneof({ weight: 4, arbitrary: event }, fc.constant({ value: "{" })));
  const orders = records.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  const read = (list: TestRecord[]) => {
    const reader = readerOf({}, 1_000);
    if (list.length > 0) reader.read(recordBatch(list));
    const { letters: _places, ...counts } = tables([reader.take()]);
    return counts;
  };
  fc.assert(
    fc.property(orders, ([list, reordered]) => {
      expect(read(reordered)).toEqual(read(list));
    }),
  );
});

test("read() accounts for every offset when records are missing, duplicate or no events", () => {
  fc.assert(
    fc.property(log, (batches) => {
      const { ledger, nextOffset } = readAll(batches);
      expect(sum(ledger)).toBe(nextOffset);
    }),
  );
});

test("read() counts an event once when its duplicate is inside the window, twice beyond it", () => {
  const far = Array.from({ length: WINDOW }, (_, index) => ({
    value: eventText(index + 1, 1, 0, 0),
  }));
  const reader = readerOf();
  reader.read(
    recordBatch([
      { value: eventText(100, 1, 0, 0) },
      { value: eventText(100, 1, 0, 0) },
      ...far,
      { value: eventText(100, 1, 0, 0) },
    ]),
  );
  expect([reader.pending.stored, reader.pending.duplicates]).toEqual([WINDOW + 2, 1]);
});

test("read() keeps key, headers and the beginning of the value when a record is too long", () => {
  const reader = readerOf();
  reader.read(recordBatch([{ value: "x".repeat(2_000_000), key: "7", headers: { a: "b" } }]));
  const [letter] = reader.take().deadLetters;
  expect(letter?.reason).toBe("too_large");
  expect(letter?.payload?.length).toBe(65_536);
  expect(letter?.payloadBytes).toBe(2_000_000);
  expect(Buffer.from(letter?.key ?? []).toString()).toBe("7");
  expect(Buffer.from(letter?.headers ?? []).toString("latin1")).toContain("b");
});

const HOUR_MS = 3_600_000;
const RULES_OF_MOMENTS = [
  { from: 0, horizonMs: HOUR_MS },
  { from: 3, horizonMs: HOUR_MS, aheadMsMax: 24 * HOUR_MS },
];
const LOG_MS = Date.UTC(2026, 0, 1);
/** Any moment, many of them at an edge of what counts. */
const moment = fc.oneof(
  fc.integer({ min: Date.parse("0000-01-01T00:00:00.000Z"), max: Date.UTC(9999, 11, 31) }),
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: -2, max: 2 }).map((ms) => LOG_MS + 24 * HOUR_MS + ms),
);

test("read() rejects moments that are far ahead of the log or before 1970, in either layout, from the rule on", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(moment, fc.boolean()), { maxLength: 20 }),
      fc.boolean(),
      (moments, isStampedByBroker) => {
        const values = moments.map(([ms, hasOtherLayout], index) => {
          const second = (ms - START_MS) / 1_000;
          return { value: `${hasOtherLayout ? " " : ""}${eventText(index, 1, 0, second)}` };
        });
        // Nobody believes the client's time when the broker has stamped the batch.
        const batch = recordBatch(
          values.map((value) => ({ ...value, timestampMs: isStampedByBroker ? 5 : LOG_MS })),
        );
        const reader = readerOf({ momentCounts: momentsOf(RULES_OF_MOMENTS) });
        reader.read({ ...batch, appendTimestampMs: isStampedByBroker ? LOG_MS : undefined });
        const expected = moments.flatMap(([ms], offset) =>
          offset >= 3 && (ms < 0 || ms > LOG_MS + 86_400_000) ? [offset] : [],
        );
        const { deadLetters, stored } = reader.take();
        expect(deadLetters.map(({ offset, reason }) => [offset, reason])).toEqual(
          expected.map((offset) => [offset, "implausible_created_at"]),
        );
        expect(stored).toBe(moments.length - expected.length);
      },
    ),
    { numRuns: 500 },
  );
});

test("the newest event is never later than the log when an event is ahead of it", () => {
  const reader = readerOf({ momentCounts: momentsOf(RULES_OF_MOMENTS) });
  const ahead = { value: eventText(1, 1, 0, 7_200), timestampMs: START_MS + 1_000 };
  reader.read(recordBatch([ahead, { ...ahead, value: eventText(2, 1, 0, 0) }]));
  expect(reader.take()).toMatchObject({ stored: 2, lastEventMs: START_MS + 1_000 });
});

test("loseTo() puts unread offsets into the ledger as lost when retention has passed", () => {
  const reader = readerOf({ countFrom: 10 });
  reader.loseTo(25);
  expect(reader.pending.lost).toBe(15);
  expect(reader.pending.nextOffset).toBe(25);
  expect(reader.position).toBe(25);
});

test("read() counts hidden batches as absent, and what no batch holds as lost", () => {
  const forgotten: [number, number][] = [];
  const onForgotten = (from: number, to: number) => forgotten.push([from, to]);
  const reader = readerOf({ readFrom: 2, countFrom: 2, onForgotten });
  const event = (id: number) => ({ value: eventText(id, 1, 0, 0) });
  reader.read(recordBatch([event(1), event(2), event(3), { ...event(4), gap: 2 }]));
  reader.read({ ...recordBatch([event(5), event(6)], 6), recordCount: 0, isHidden: true });
  reader.read({ ...recordBatch([event(7), event(8)], 11), recordCount: 1 });
  const { stored, absent, lost, nextOffset } = reader.take();
  expect({ stored, absent, lost, nextOffset }).toEqual({
    ...{ stored: 3, absent: 2, lost: 6, nextOffset: 13 },
  });
  expect(forgotten).toEqual([
    [3, 5],
    [8, 11],
    [12, 13],
  ]);
});

test("read() loses nothing when `onForgotten` throws", () => {
  const reader = readerOf({
    onForgotten: () => {
      throw new Error("stop");
    },
  });
  expect(() => reader.read(recordBatch([{ value: "x" }], 5))).toThrow("stop");
  expect([reader.pending.lost, reader.position]).toEqual([0, 0]);
});

test("check() looks at the last record of the index before it reads from where that ends", () => {
  const batch = recordBatch([{ value: "x" }, { value: eventText(5, 1, 0, 0) }]);
  const seen: number[] = [];
  const check = (ids: IdBatch) => seen.push(ids.count, ids.words[3] as number);
  const reader = readerOf({ readFrom: 2, countFrom: 1, last: { offset: 1, check } });
  expect([reader.isChecking, reader.position]).toEqual([true, 1]);
  reader.check(batch);
  expect([reader.isChecking, reader.position, ...seen]).toEqual([false, 2, 1, 5]);
});

test("check() gives no id when the record at the offset is no event", () => {
  const counts: number[] = [];
  const check = (ids: IdBatch) => counts.push(ids.count);
  const reader = readerOf({ last: { offset: 0, check } });
  reader.check(recordBatch([{ value: "x" }, { value: eventText(5, 1, 0, 0) }]));
  expect(counts).toEqual([0]);
});

test("read() makes a dead letter of each offset when no record of the batch is read", () => {
  const reader = readerOf({ countFrom: 3 });
  const batch = { ...recordBatch([], 1), lastOffset: 6, reject: "too_large" } as const;
  expect(reader.read(batch)).toBe(true);
  const { pending } = reader;
  expect(pending.deadLetters.map(({ offset, reason }) => [offset, reason])).toEqual(
    [3, 4, 5, 6].map((offset) => [offset, "too_large"]),
  );
  expect([reader.position, pending.nextOffset, pending.rejected, pending.absent]).toEqual([
    7, 7, 4, 0,
  ]);
  expect(pending.lastAppendMs).toBe(batch.baseTimestampMs);
});

test("read() stops before an offset of a batch that is not read when it has to", () => {
  const reader = readerOf({});
  const batch = { ...recordBatch([], 0), lastOffset: 9, reject: "unreadable" } as const;
  reader.read(batch, 4);
  expect([reader.position, reader.pending.rejected, reader.pending.lastAppendMs]).toEqual([
    4,
    4,
    Number.NEGATIVE_INFINITY,
  ]);
});

/** Reads the batch as the consumer does, and returns the tallies. */
function readInParts(reader: PartitionReader, batch: RecordBatch): Tally[] {
  const parts: Tally[] = [];
  while (!reader.read(batch)) parts.push(reader.take());
  return [...parts, reader.take()];
}

test("read() stops in a batch when its dead letters fill a transaction, and goes on behind them", () => {
  const value = "x".repeat(60_000);
  const event = (index: number) => ({ value: eventText(index, 1, 0, 0) });
  const records = Array.from({ length: 200 }, (_, index) => [{ value }, event(index)]).flat();
  const parts = readInParts(readerOf({}), recordBatch(records));
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) expect(part.deadLetterBytes).toBeLessThan(5_000_000);
  for (const [index, part] of parts.entries()) {
    expect(part.expectedOffset).toBe(parts[index - 1]?.nextOffset ?? 0);
  }
  expect(sum(parts.map(({ rejected }) => rejected))).toBe(200);
  expect(sum(parts.map(({ stored }) => stored))).toBe(200);
  expect(parts.at(-1)?.nextOffset).toBe(400);
});

test("read() stops in a batch that is not read when its dead letters fill a transaction", () => {
  const batch = { ...recordBatch([], 0), lastOffset: 69_999, reject: "too_large" } as const;
  const parts = readInParts(readerOf({}), batch);
  expect(parts.map(({ rejected, nextOffset }) => [rejected, nextOffset])).toEqual([
    [32_768, 32_768],
    [32_768, 65_536],
    [4_464, 70_000],
  ]);
});

test("read() marks the last record that was read, in a tally only when it counts", () => {
  const batches = [
    recordBatch([{ value: "a" }, { value: "b" }]),
    recordBatch([{ value: "c" }, { value: "d" }], 2),
  ];
  const reader = readerOf({ countFrom: 3, mark: { offset: 7, checksum: 7 } });
  expect(reader.mark?.offset).toBe(7);
  reader.read(batches[0]!);
  expect([reader.mark?.offset, reader.pending.mark]).toEqual([1, undefined]);
  reader.read(batches[1]!);
  expect(reader.mark?.offset).toBe(3);
  expect(reader.take().mark).toEqual(reader.mark);
  expect(reader.take().mark).toBeUndefined();
});

test("read() keeps its mark when a batch holds nothing new, no record, or ends the range", () => {
  const reader = readerOf();
  reader.read(recordBatch([{ value: "a" }, { value: "b" }]));
  const { mark } = reader;
  reader.read(recordBatch([{ value: "a" }]));
  expect(reader.mark).toEqual(mark);
  reader.read({ ...recordBatch([], 2), lastOffset: 3 });
  expect([reader.position, reader.mark]).toEqual([4, mark]);
  reader.read(recordBatch([{ value: "c", gap: 3 }], 4), 6);
  expect([reader.position, reader.mark]).toEqual([6, mark]);
});

test("read() sends a misplaced event home each time it comes, and remembers no id of it", () => {
  const isHome = (_offset: number, userId: number) => userId !== 2;
  const reader = readerOf({ isHome, countFrom: 1 });
  const event = (userId: number) => ({ value: eventText(5, userId, 0, 0) });
  reader.read(recordBatch([event(2), event(2), event(2), event(1), event(1)]));
  const { stored, duplicates, forwarded, strays } = reader.take();
  expect({ stored, duplicates, forwarded }).toEqual({ stored: 1, duplicates: 3, forwarded: 2 });
  expect(strays.map(({ offset, userId }) => [offset, userId])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(new TextDecoder().decode(strays[1]?.value)).toBe(event(2).value);
});
