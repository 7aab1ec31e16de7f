/** The events of a dataset as the consumer gets them from a fetch, without Kafka. Pure. */
import type { EncodedRecords } from "../../scripts/kafka/encode-records.ts";
import { type RecordBatch, RecordCursor } from "../../scripts/kafka/record-cursor.ts";
import type { Dataset } from "./dataset.ts";

export function recordBatchesOf(dataset: Dataset): (RecordBatch & { partition: number })[] {
  return dataset.batches.flatMap((lane, partition) => {
    let baseOffset = 0;
    return lane.map((encoded) => {
      const batch = { partition, ...recordBatchOf(encoded, baseOffset) };
      baseOffset += encoded.recordCount;
      return batch;
    });
  });
}

/** The same bytes as a batch of the log. */
export const recordBatchOf = (
  { recordCount, records }: EncodedRecords,
  baseOffset = 0,
): RecordBatch => ({
  baseOffset,
  lastOffset: baseOffset + recordCount - 1,
  baseTimestampMs: 0,
  appendTimestampMs: undefined,
  recordCount,
  // Bytes from the network are a plain array; a Buffer would be read more slowly.
  records: new Uint8Array(records.buffer, records.byteOffset, records.length),
});

export function eachRecord(
  batches: readonly RecordBatch[],
  work: (bytes: Uint8Array, start: number, length: number) => void,
): void {
  const cursor = new RecordCursor();
  for (const batch of batches) {
    cursor.open(batch);
    while (cursor.next()) work(cursor.bytes, cursor.valueStart, cursor.valueLength);
  }
}
