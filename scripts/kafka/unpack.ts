/**
 * The one place where record batches are unpacked, for every reader of the log. What a batch holds
 * is decided here from its bytes alone, so that all readers agree on it, whenever they read.
 */
import type { RejectReason } from "../../schema/rejects.ts";
import { decompressors, TooLongError } from "./codecs.ts";
import { CorruptBatchError, type RecordBatch, RecordCursor } from "./record-cursor.ts";
import type { PackedBatch } from "./record-set.ts";

/**
 * The most that a batch may unpack to, in bytes. A broker takes 1 MiB of compressed records by
 * default, and JSON of events packs 4:1 to 40:1. Each change of it changes what a replay counts.
 */
export const UNPACKED_BYTES_MAX = 67_108_864;

/** Batches that unpack to more than this take turns, so that the memory in use has a bound. */
const TOGETHER_BYTES_MAX = 8_388_608;

/** Offsets from `from` to `to`, both included, that a person has passed over. */
export interface Skip {
  from: number;
  to: number;
}

/** A record batch that cannot be read, and that nobody has passed over. */
export class UnreadableBatchError extends Error {
  override name = "UnreadableBatchError";
  /** First and last offset. */
  readonly from: number;
  readonly to: number;
  readonly why: string;
  constructor({ baseOffset, lastOffset }: PackedBatch, why: string) {
    super(`Cannot read the record batch at offsets ${baseOffset} to ${lastOffset}: ${why}`);
    this.from = baseOffset;
    this.to = lastOffset;
    this.why = why;
  }
}

/**
 * Gives the batch to `work`, unpacked. A hidden batch comes without its records. Records that are
 * passed over, or that would unpack to too much, come as a batch with `reject` set. The batch must
 * not be kept after `work` has ended.
 * @throws UnreadableBatchError before `work` has seen anything of the batch
 */
export async function unpacked<Result>(
  packed: PackedBatch,
  skips: readonly Skip[],
  work: (batch: RecordBatch) => Result | Promise<Result>,
): Promise<Result> {
  if (packed.isHidden) return work(withoutRecords(packed, { isHidden: true }));
  const skip = skips.find(({ from, to }) => from <= packed.lastOffset && to >= packed.baseOffset);
  if (skip) return work(rejected(packed, skip, "unreadable"));
  if (packed.fault !== undefined) throw new UnreadableBatchError(packed, packed.fault);
  const batch = await contentOf(packed, TOGETHER_BYTES_MAX);
  if (batch) return work(batch);
  return inTurn(async () => {
    const large = await contentOf(packed, UNPACKED_BYTES_MAX);
    const all = { from: packed.baseOffset, to: packed.lastOffset };
    return work(large ?? rejected(packed, all, "too_large"));
  });
}

const rejected = (packed: PackedBatch, { from, to }: Skip, reject: RejectReason): RecordBatch =>
  withoutRecords(packed, { baseOffset: from, lastOffset: to, reject });

const withoutRecords = (packed: PackedBatch, change: Partial<RecordBatch>): RecordBatch => ({
  baseOffset: packed.baseOffset,
  lastOffset: packed.lastOffset,
  baseTimestampMs: packed.maxTimestampMs,
  appendTimestampMs: packed.appendTimestampMs,
  recordCount: 0,
  records: new Uint8Array(0),
  ...change,
});

let turn: Promise<unknown> = Promise.resolve();

/** Begins the work when all earlier work has ended. */
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = turn.then(work);
  turn = result.catch(() => {});
  return result;
}

/** Undefined when the records are longer than `bytesMax`. */
async function contentOf(packed: PackedBatch, bytesMax: number): Promise<RecordBatch | undefined> {
  const { codec, maxTimestampMs: _, ...batch } = packed;
  if (codec !== 0) {
    const decompress = decompressors[codec];
    if (!decompress) throw new UnreadableBatchError(packed, `its codec ${codec} is not known`);
    try {
      batch.records = await decompress(packed.records, bytesMax);
    } catch (error) {
      if (error instanceof TooLongError) return undefined;
      throw new UnreadableBatchError(packed, `its compressed bytes are broken`);
    }
  }
  assertWhole(packed, batch);
  return batch;
}

/** Readers may count as they read, since nothing in the batch can stop them half-way. */
function assertWhole(packed: PackedBatch, batch: RecordBatch): void {
  const cursor = new RecordCursor();
  cursor.open(batch);
  let before = batch.baseOffset - 1;
  try {
    while (cursor.next()) {
      if (cursor.offset <= before || cursor.offset > batch.lastOffset) {
        throw new CorruptBatchError(`offset ${cursor.offset} is out of order`);
      }
      before = cursor.offset;
    }
  } catch (error) {
    if (!(error instanceof CorruptBatchError)) throw error;
    throw new UnreadableBatchError(packed, "its records do not follow the format");
  }
}
