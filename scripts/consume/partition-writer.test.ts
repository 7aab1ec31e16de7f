import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { recordBatch } from "../../tests/harness/record-batch.ts";
import { PartitionReader } from "./partition-reader.ts";
import { PartitionWriter } from "./partition-writer.ts";
import type { Tally } from "./tally.ts";
import { WindowFinder } from "./window-finder.ts";

/** A reader, a writer, and a store whose transactions end when the test says so. */
function assemble({ delayMs = 0 } = {}) {
  const reader = new PartitionReader({
    readFrom: 0,
    countFrom: 0,
    duplicates: new WindowFinder(10),
  });
  const transactions: { tally: Tally; end: PromiseWithResolvers<void> }[] = [];
  const seen = { written: 0, failures: [] as unknown[] };
  const writer = new PartitionWriter(reader, {
    config: { CONSUMER_TRANSACTION_DELAY_MS_MAX: delayMs },
    store: (tally) => {
      const end = Promise.withResolvers<void>();
      transactions.push({ tally, end });
      return end.promise;
    },
    events: {
      written: () => seen.written++,
      failed: (error) => seen.failures.push(error),
    },
  });
  const read = (count: number) =>
    reader.read(recordBatch(Array(count).fill({ value: "x" }), reader.position));
  return { reader, writer, transactions, seen, read };
}

/** Lets the reactions of settled promises run. */
const settle = () => delay(0);

test("schedule() writes at once when there is no backlog", () => {
  const { writer, transactions, read } = assemble({ delayMs: 10_000 });
  read(3);
  writer.schedule();
  expect(transactions.map(({ tally }) => [tally.expectedOffset, tally.nextOffset])).toEqual([
    [0, 3],
  ]);
});

test("schedule() writes the first tally at once and lets the next grow when there is a backlog", async () => {
  const { writer, transactions, read } = assemble({ delayMs: 10_000 });
  writer.backlog = 1_000;
  read(3);
  writer.schedule();
  transactions[0]?.end.resolve();
  await settle();
  read(1);
  writer.schedule();
  expect(transactions.map(({ tally }) => tally.nextOffset)).toEqual([3]);
  writer.backlog = 0;
  read(2);
  writer.schedule();
  expect(transactions.map(({ tally }) => tally.nextOffset)).toEqual([3, 6]);
  writer.close();
});

test("schedule() gathers what is read meanwhile into one transaction when one is under way", async () => {
  const { writer, transactions, read } = assemble();
  for (const count of [1, 2, 3]) {
    read(count);
    writer.schedule();
  }
  expect(transactions).toHaveLength(1);
  transactions[0]?.end.resolve();
  await settle();
  expect(transactions.map(({ tally }) => [tally.expectedOffset, tally.nextOffset])).toEqual([
    [0, 1],
    [1, 6],
  ]);
  expect(writer.storedOffset).toBe(1);
});

test("flush() resolves when everything that was read is stored", async () => {
  const { writer, transactions, read } = assemble({ delayMs: 10_000 });
  writer.backlog = 1_000;
  read(4);
  let flushed = false;
  const flushing = writer.flush().then(() => {
    flushed = true;
  });
  await settle();
  expect(flushed).toBe(false);
  for (const { end } of transactions) end.resolve();
  await flushing;
  expect(writer.storedOffset).toBe(4);
});

test("schedule() stores the same tally again when the database was away", async () => {
  const { writer, transactions, seen, read } = assemble();
  read(2);
  writer.schedule();
  transactions[0]?.end.reject(Object.assign(new Error("away"), { code: "ECONNREFUSED" }));
  const flushing = writer.flush();
  while (transactions.length < 2) await delay(5);
  expect(transactions[1]?.tally).toBe(transactions[0]?.tally as Tally);
  transactions[1]?.end.resolve();
  await flushing;
  expect([seen.written, seen.failures]).toEqual([1, []]);
});

test("schedule() gives up and says why when no retry can help", async () => {
  const { writer, transactions, seen, read } = assemble();
  read(2);
  writer.schedule();
  const error = Object.assign(new Error("no such table"), { code: "42P01" });
  transactions[0]?.end.reject(error);
  await settle();
  expect(seen.failures).toEqual([error]);
  expect(writer.isClosed).toBe(true);
  read(1);
  writer.schedule();
  expect(transactions).toHaveLength(1);
});

test("room() holds back the reader when the pending tally is full and a transaction is under way", async () => {
  const { writer, transactions, read } = assemble();
  read(1);
  writer.schedule();
  for (let records = 0; records < 200_000; records += 50_000) read(50_000);
  writer.schedule();
  expect(writer.isFull).toBe(true);
  let hasRoom = false;
  const room = writer.room().then(() => {
    hasRoom = true;
  });
  await settle();
  expect(hasRoom).toBe(false);
  transactions[0]?.end.resolve();
  await room;
  expect(writer.isFull).toBe(false);
});
