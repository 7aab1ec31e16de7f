/**
 * Splits the bytes that a fetch has of one partition into record batches, by their headers alone.
 * A header is believed only when the batch's checksum is right. What is wrong with a batch stays with
 * that batch, so that it holds up neither the other batches nor the other partitions.
 */
import { crc32c } from "@platformatic/wasm-utils";
import { type RecordBatch, RecordCursor } from "./record-cursor.ts";

/** A record batch as it stands in the log. */
export interface PackedBatch extends Omit<RecordBatch, "reject"> {
  /** Latest time of a record, in milliseconds since the epoch. */
  maxTimestampMs: number;
  /** Kafka's number for how `records` are compressed. */
  codec: number;
  /** Why it cannot be read; then only the offsets mean anything. */
  fault?: string;
}

/** A batch of the set, with what decides whether readers see it. */
export interface SetBatch {
  batch: PackedBatch;
  /** -1 when no producer with an id has written it. */
  producerId: bigint;
  inTransaction: boolean;
  /** A marker that ends a transaction: its key says how. */
  isControl: boolean;
  /** The key of a marker, else null. */
  key: Buffer | null;
}

/** Places in the header of a record batch, in bytes (KIP-98). */
const LENGTH = 8;
const AFTER_LENGTH = 12;
const MAGIC = 16;
const CHECKSUM = 17;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const FIRST_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const RECORD_COUNT = 57;
const RECORDS = 61;

/** Bits of the attributes. */
const CODEC = 0x07;
const IS_APPEND_TIME = 0x08;
const IN_TRANSACTION = 0x10;
const IS_CONTROL = 0x20;

/**
 * The batches of the set in the order of the log, without the last one when the fetch has cut it.
 * Never throws.
 * @param bytes null when the broker itself could not read what stands at `fetchedOffset`
 */
export function splitRecordSet(bytes: Uint8Array | null, fetchedOffset: number): SetBatch[] {
  if (bytes === null) return [faulty(fetchedOffset, "the broker cannot read it")];
  const set = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: SetBatch[] = [];
  for (let at = 0; set.length - at >= RECORDS; ) {
    const size = AFTER_LENGTH + set.readInt32BE(at + LENGTH);
    const isCut = at + size > set.length;
    // The broker never cuts the first one.
    if (isCut && at > 0) break;
    const isWrong = isCut || size < RECORDS;
    const next = isWrong
      ? faulty(fetchedOffset, "its length is wrong", set.subarray(at))
      : readBatch(set.subarray(at, at + size), fetchedOffset);
    endBefore(batches.at(-1)?.batch, next.batch);
    batches.push(next);
    if (isWrong) break;
    at += size;
  }
  return batches;
}

/** The offsets of a faulty batch end where the next one begins, whatever its header says. */
function endBefore(batch: PackedBatch | undefined, { baseOffset, fault }: PackedBatch): void {
  if (batch?.fault === undefined || fault !== undefined) return;
  if (baseOffset > batch.baseOffset) batch.lastOffset = baseOffset - 1;
}

function readBatch(bytes: Buffer, fetchedOffset: number): SetBatch {
  const fault = faultOf(bytes);
  if (fault !== undefined) return faulty(fetchedOffset, fault, bytes);
  const attributes = bytes.readInt16BE(ATTRIBUTES);
  const baseOffset = Number(bytes.readBigInt64BE(0));
  const maxTimestampMs = Number(bytes.readBigInt64BE(MAX_TIMESTAMP));
  const batch: PackedBatch = {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(LAST_OFFSET_DELTA),
    baseTimestampMs: Number(bytes.readBigInt64BE(FIRST_TIMESTAMP)),
    maxTimestampMs,
    appendTimestampMs: attributes & IS_APPEND_TIME ? maxTimestampMs : undefined,
    recordCount: bytes.readInt32BE(RECORD_COUNT),
    codec: attributes & CODEC,
    records: bytes.subarray(RECORDS),
  };
  const isControl = (attributes & IS_CONTROL) !== 0;
  return {
    batch,
    producerId: bytes.readBigInt64BE(PRODUCER_ID),
    inTransaction: (attributes & IN_TRANSACTION) !== 0,
    isControl,
    key: isControl ? keyOf(batch) : null,
  };
}

function faultOf(bytes: Buffer): string | undefined {
  const magic = bytes.readInt8(MAGIC);
  if (magic !== 2) return `its format is version ${magic}, not version 2`;
  if (crc32c(bytes.subarray(ATTRIBUTES)) !== bytes.readUInt32BE(CHECKSUM)) {
    return "its checksum is wrong";
  }
  return undefined;
}

/**
 * A reader has asked for `fetchedOffset`, so the batch reaches at least to there.
 * @param bytes begin with the batch's header
 */
function faulty(fetchedOffset: number, fault: string, bytes?: Buffer): SetBatch {
  const baseOffset = bytes ? Number(bytes.readBigInt64BE(0)) : fetchedOffset;
  const delta =
    bytes?.readInt8(MAGIC) === 2 ? Math.max(0, bytes.readInt32BE(LAST_OFFSET_DELTA)) : 0;
  return {
    batch: {
      baseOffset,
      lastOffset: Math.max(fetchedOffset, baseOffset + delta),
      baseTimestampMs: 0,
      maxTimestampMs: 0,
      appendTimestampMs: undefined,
      recordCount: 0,
      codec: 0,
      records: new Uint8Array(0),
      fault,
    },
    producerId: -1n,
    inTransaction: false,
    isControl: false,
    key: null,
  };
}

/** The key of the only record. */
function keyOf(batch: PackedBatch): Buffer | null {
  const cursor = new RecordCursor();
  cursor.open(batch);
  try {
    if (!cursor.next() || cursor.keyLength < 0) return null;
    return Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
  } catch {
    return null;
  }
}
