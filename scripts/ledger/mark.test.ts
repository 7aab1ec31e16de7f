import { expect, test } from "bun:test";
import { recordBatch } from "../../tests/harness/record-batch.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { PackedBatch } from "../kafka/record-set.ts";
import { changedPartitions, type Mark, markOf } from "./mark.ts";

const batch = recordBatch([{ value: "one" }, { value: "two" }, { value: null }], 10);

function markAt(from: RecordBatch, offset: number): Mark {
  const cursor = new RecordCursor();
  cursor.open(from);
  while (cursor.next()) if (cursor.offset === offset) return markOf(cursor);
  throw new Error(`There is no record ${offset}`);
}

/** The batch as it stands in the log, without compression. */
const packed = (batch: RecordBatch): PackedBatch => ({ ...batch, codec: 0, maxTimestampMs: 0 });

/** A log of one partition that holds these batches. */
const logOf = (held: PackedBatch[]) => ({
  batchesAt: async (_topic: string, offsets: ReadonlyMap<number, number>) => {
    const found = held.find(({ lastOffset }) => lastOffset >= (offsets.get(0) as number));
    return new Map(found ? [[0, found]] : []);
  },
});

const changed = (held: PackedBatch[], mark: Mark, logStart = 0) =>
  changedPartitions(
    logOf(held),
    "topic",
    new Map([[0, mark]]),
    new Map([[0, { topicId: "id", logStart, logEnd: 20, appendEnd: 20 }]]),
  );

test("changedPartitions() is empty when the log holds the record of the mark", async () => {
  expect(await changed([packed(batch)], markAt(batch, 11))).toEqual([]);
  expect(await changed([packed(batch)], markAt(batch, 12))).toEqual([]);
});

test("changedPartitions() names the partition when the value or the time differs", async () => {
  const other = recordBatch([{ value: "one" }, { value: "too" }], 10);
  expect(await changed([packed(other)], markAt(batch, 11))).toEqual([0]);
  const later = { ...batch, appendTimestampMs: 7 };
  expect(await changed([packed(later)], markAt(batch, 11))).toEqual([0]);
});

test("changedPartitions() is empty when retention or compaction has taken the record", async () => {
  const mark = markAt(batch, 11);
  const other = recordBatch([{ value: "one" }, { value: "too" }], 10);
  expect(await changed([packed(other)], mark, 12)).toEqual([]);
  expect(await changed([], mark)).toEqual([]);
  expect(await changed([packed(recordBatch([{ value: "two" }], 12))], mark)).toEqual([]);
  const cleaned = recordBatch([{ value: "one" }, { value: null, gap: 1 }], 10);
  expect(await changed([packed(cleaned)], mark)).toEqual([]);
});

test("changedPartitions() is empty when the batch at the mark cannot be read", async () => {
  const broken = { ...packed(batch), fault: "its checksum is wrong" };
  expect(await changed([broken], markAt(batch, 11))).toEqual([]);
});
