/** Record batches as the log holds them, for tests of our reading. */
import { encodeAnyRecords } from "../../scripts/kafka/encode-records.ts";
import type { RecordBatch } from "../../scripts/kafka/record-cursor.ts";

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
  const { records: bytes } = encodeAnyRecords(
    records.map(({ gap = 0, timestampMs = baseTimestampMs, ...record }) => {
      offsetDelta += 1 + gap;
      return { ...record, offsetDelta, timestampDeltaMs: timestampMs - baseTimestampMs };
    }),
  );
  return {
    baseOffset,
    lastOffset: baseOffset + Math.max(0, offsetDelta),
    baseTimestampMs,
    appendTimestampMs: undefined,
    recordCount: records.length,
    records: bytes,
  };
}
