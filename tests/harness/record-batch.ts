/** Encodes records as Kafka's producers do, with kafkajs' own encoder, for tests of our reading. */
import { createRequire } from "node:module";
import type { RecordBatch } from "../../scripts/kafka/record-cursor.ts";

const encodeRecord = createRequire(import.meta.url)("kafkajs/src/protocol/recordBatch/record/v0");

export interface TestRecord {
  value: Uint8Array | string | null;
  key?: string | null;
  headers?: Record<string, string>;
  /** Offsets to leave out before this record, as compaction and markers do. */
  gap?: number;
  timestampMs?: number;
}

/** One record batch that begins at `baseOffset`. */
export function recordBatch(records: TestRecord[], baseOffset = 0): RecordBatch {
  const baseTimestampMs = records[0]?.timestampMs ?? 1_700_000_000_000;
  let offsetDelta = -1;
  const encoded = records.map((record) => {
    offsetDelta += 1 + (record.gap ?? 0);
    return encodeRecord({
      offsetDelta,
      timestampDelta: (record.timestampMs ?? baseTimestampMs) - baseTimestampMs,
      key: record.key ?? null,
      value: record.value === null ? null : Buffer.from(record.value as string),
      headers: record.headers ?? {},
    }).buffer as Buffer;
  });
  return {
    baseOffset,
    lastOffset: baseOffset + Math.max(0, offsetDelta),
    baseTimestampMs,
    appendTimestampMs: undefined,
    recordCount: records.length,
    records: Buffer.concat(encoded),
  };
}
