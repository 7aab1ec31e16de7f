/**
 * Reads the records of one Kafka record batch from its bytes, without an object for each. Pure. The
 * format is Kafka's record format, version 2 (KIP-98). Called once per record batch by each reader
 * of the log.
 */
import type { RejectReason } from "../../schema/rejects.ts";
import { afterVarint, readVarint } from "./varint.ts";

/** A record batch's header, and its records as they stand in the log, decompressed. */
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
  /** Holds nothing for readers: records of an aborted transaction, or the marker of its end. */
  isHidden?: true;
  /**
   * Set when all offsets of the batch are dead letters with this reason. `records` are empty then,
   * and `baseTimestampMs` is the time of the newest.
   */
  reject?: RejectReason;
}

/** A record batch whose bytes do not follow the format: the log or the client is broken. */
export class CorruptBatchError extends Error {
  override name = "CorruptBatchError";
}

/** Walks over a batch: `next()` moves to a record and fills the fields; -1 as length means null. */
export class RecordCursor {
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  timestampMs = 0;
  keyStart = 0;
  keyLength = -1;
  valueStart = 0;
  valueLength = -1;
  headersStart = 0;
  headersEnd = 0;

  #batch: RecordBatch | undefined;
  #remaining = 0;
  #at = 0;

  open(batch: RecordBatch): void {
    this.#batch = batch;
    this.bytes = batch.records;
    this.#remaining = batch.recordCount;
    this.#at = 0;
  }

  /** @throws CorruptBatchError when a length leads beyond the end of the batch */
  next(): boolean {
    const batch = this.#batch;
    if (batch === undefined || this.#remaining === 0) return false;
    this.#remaining -= 1;
    const { bytes } = this;
    const length = readVarint(bytes, this.#at);
    const end = afterVarint + length;
    if (length < 0 || end > bytes.length) this.#corrupt();
    // Each number begins where the one before it ends, so their order is that of the format. The
    // record's attributes come first: none are in use.
    const timestampDelta = readVarint(bytes, afterVarint + 1);
    this.offset = batch.baseOffset + readVarint(bytes, afterVarint);
    this.timestampMs = batch.appendTimestampMs ?? batch.baseTimestampMs + timestampDelta;
    const keyLength = readVarint(bytes, afterVarint);
    const keyStart = afterVarint;
    const valueLength = readVarint(bytes, keyLength > 0 ? keyStart + keyLength : keyStart);
    const valueStart = afterVarint;
    const valueEnd = valueLength > 0 ? valueStart + valueLength : valueStart;
    if (valueEnd > end) this.#corrupt();
    this.keyLength = keyLength;
    this.keyStart = keyStart;
    this.valueLength = valueLength;
    this.valueStart = valueStart;
    this.headersStart = valueEnd;
    this.headersEnd = end;
    this.#at = end;
    return true;
  }

  #corrupt(): never {
    throw new CorruptBatchError(
      `Cannot read the record after offset ${this.offset}: its length leads beyond the batch`,
    );
  }
}
