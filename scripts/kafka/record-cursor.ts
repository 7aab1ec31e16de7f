/**
 * Reads the records of one Kafka record batch from its bytes, without an object for each. Pure. The
 * format is Kafka's record format, version 2 (KIP-98). Called once per record batch by each reader
 * of the log.
 */
import type { RejectReason } from "../../schema/rejects.ts";

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
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.bytes.length) this.#corrupt();
    this.#at += 1; // The record's attributes: none are in use.
    const timestampDelta = this.#varint();
    this.offset = batch.baseOffset + this.#varint();
    this.timestampMs = batch.appendTimestampMs ?? batch.baseTimestampMs + timestampDelta;
    this.keyLength = this.#varint();
    this.keyStart = this.#at;
    if (this.keyLength > 0) this.#at += this.keyLength;
    this.valueLength = this.#varint();
    this.valueStart = this.#at;
    if (this.valueLength > 0) this.#at += this.valueLength;
    if (this.#at > end) this.#corrupt();
    this.headersStart = this.#at;
    this.headersEnd = end;
    this.#at = end;
    return true;
  }

  /** A zigzag varint. Most take one or two bytes; only a timestamp's difference can exceed 32 bits. */
  #varint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.#at++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80 && scale < 2 ** 56);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #corrupt(): never {
    throw new CorruptBatchError(
      `Cannot read the record after offset ${this.offset}: its length leads beyond the batch`,
    );
  }
}
