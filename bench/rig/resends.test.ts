import { expect, test } from "bun:test";
import { RecordCursor } from "../../scripts/kafka/record-cursor.ts";
import { RandomStream } from "../../scripts/produce/synthetic/random.ts";
import { makeDataset } from "./dataset.ts";
import { recordBatchOf } from "./in-memory.ts";
import { renewIds } from "./renew-ids.ts";
import { type ResentDataset, withResends } from "./resends.ts";

/** Keys and ids of all records, with the partition, in the order of each partition. */
function recordsOf({ batches, isCopy }: ResentDataset) {
  const cursor = new RecordCursor();
  return batches.flatMap((lane, partition) =>
    lane.flatMap((encoded, place) => {
      const found: { where: string; id: string; isCopy: boolean }[] = [];
      cursor.open(recordBatchOf(encoded));
      while (cursor.next()) {
        const { keyStart, keyLength, valueStart, valueLength } = cursor;
        const text = (start: number, length: number) =>
          encoded.records.toString("latin1", start, start + length);
        found.push({
          where: `${partition} ${text(keyStart, keyLength)}`,
          id: JSON.parse(text(valueStart, valueLength)).event_id,
          isCopy: isCopy[partition]?.[place]?.[found.length] === 1,
        });
      }
      return found;
    }),
  );
}

test("withResends() adds marked copies of events of the same partition and user", () => {
  const dataset = withResends(makeDataset(100, 9_000), 0.05, new RandomStream([1, 2, 3, 4]));
  const records = recordsOf(dataset);
  const originals = new Map(
    records.filter(({ isCopy }) => !isCopy).map(({ id, where }) => [id, where]),
  );
  const copies = records.filter(({ isCopy }) => isCopy);
  expect(originals.size).toBe(9_000);
  expect(copies.length).toBe(dataset.copies);
  expect(Math.abs(copies.length - 450)).toBeLessThan(100);
  for (const { id, where } of copies) expect(originals.get(id)).toBe(where);
});

test("renewIds() gives each record the round that is asked for, and leaves the rest of it", () => {
  const dataset = withResends(makeDataset(10, 3_000), 0.1, new RandomStream([5, 6, 7, 8]));
  const before = recordsOf(dataset);
  for (const batch of dataset.batches.flat()) renewIds(batch, (place) => place % 3);
  const places = dataset.batches
    .flat()
    .flatMap(({ recordCount }) => [...Array(recordCount).keys()]);
  recordsOf(dataset).forEach(({ id, where }, index) => {
    expect(where).toBe(before[index]!.where);
    expect(id.slice(0, 8)).toBe(`0000000${places[index]! % 3}`);
    expect(id.slice(8)).toBe(before[index]!.id.slice(8));
  });
});
