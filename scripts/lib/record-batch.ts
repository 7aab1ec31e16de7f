/** A record batch of Kafka: what `kafka.ts` fetches and `consume/record-cursor.ts` reads. */
export interface RecordBatch {
  /** Offset of the first record when the batch was written; records may be missing by now. */
  baseOffset: number;
  /** Offset of the last record. */
  lastOffset: number;
  /** Milliseconds since the epoch to which each record adds its own difference. */
  baseTimestampMs: number;
  /** Set when the broker stamps the records: then this holds for all of them. */
  appendTimestampMs: number | undefined;
  recordCount: number;
  records: Uint8Array;
}
