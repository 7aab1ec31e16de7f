/**
 * The mark of a partition: the last record that was counted. A log that was cut and has grown again,
 * or an older copy of one, holds another record at that offset.
 */
import { crc32 } from "node:zlib";
import type { Kafka, LogState } from "../kafka/log.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { PackedBatch } from "../kafka/record-set.ts";
import { UnreadableBatchError, unpacked } from "../kafka/unpack.ts";

export interface Mark {
  offset: number;
  /** CRC-32 of the record's time, as a double, and its value; from 0 to 2^32 - 1. */
  checksum: number;
}

/** The mark of the record on which the cursor stands. */
export function markOf({
  bytes,
  offset,
  timestampMs,
  valueStart,
  valueLength,
}: RecordCursor): Mark {
  const time = new Uint8Array(Float64Array.of(timestampMs).buffer);
  const value = bytes.subarray(valueStart, valueStart + Math.max(0, valueLength));
  return { offset, checksum: crc32(value, crc32(time)) };
}

/**
 * The partitions whose log holds another record at the mark. A record that retention or compaction has
 * taken says nothing, nor does one that cannot be read any more.
 * @throws the errors of Kafka
 */
export async function changedPartitions(
  kafka: Pick<Kafka, "batchesAt">,
  topic: string,
  marks: ReadonlyMap<number, Mark>,
  log: ReadonlyMap<number, LogState>,
): Promise<number[]> {
  const offsets = new Map<number, number>();
  for (const [partition, { offset }] of marks) {
    const state = log.get(partition);
    if (state && state.logStart <= offset) offsets.set(partition, offset);
  }
  if (offsets.size === 0) return [];
  const changed: number[] = [];
  for (const [partition, packed] of await kafka.batchesAt(topic, offsets)) {
    if (await isOther(packed, marks.get(partition) as Mark)) changed.push(partition);
  }
  return changed;
}

async function isOther(packed: PackedBatch, mark: Mark): Promise<boolean> {
  try {
    return await unpacked(packed, [], (batch) => {
      const checksum = checksumAt(batch, mark.offset);
      return checksum !== undefined && checksum !== mark.checksum;
    });
  } catch (error) {
    if (error instanceof UnreadableBatchError) return false;
    throw error;
  }
}

/** Undefined when the batch has no record at the offset. */
function checksumAt(batch: RecordBatch, offset: number): number | undefined {
  const cursor = new RecordCursor();
  cursor.open(batch);
  while (cursor.next()) if (cursor.offset === offset) return markOf(cursor).checksum;
  return undefined;
}
