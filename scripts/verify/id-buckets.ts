/**
 * The ids of a whole log, in buckets by their last byte, on disk where they are many. One bucket fits
 * the memory, so that duplicates are found by a plain `Map`, whatever the size of the log.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface IdRecord {
  partition: number;
  offset: number;
  /** The id as 32 hexadecimal digits. */
  id: string;
  userId: number;
  /** Whether the record takes the event of the id back. */
  retracts: boolean;
  /** The place from which the record was sent here; -1 for one that a client has put here. */
  originPartition: number;
  originOffset: number;
  /** The latest time at which the broker has appended a batch with an id up to here; -1 for none. */
  appendMs: number;
}

const BUCKETS = 256;
const ID_BYTES = 16;
const RECORD_BYTES = ID_BYTES + 7 * 8;
/** What a bucket keeps in memory. */
const KEPT_RECORDS = 2_048;

interface Bucket {
  bytes: Buffer;
  count: number;
}

export class IdBuckets {
  readonly #kept: Bucket[] = Array.from({ length: BUCKETS }, () => ({
    bytes: Buffer.alloc(KEPT_RECORDS * RECORD_BYTES),
    count: 0,
  }));
  #folder: string | undefined;

  add(record: IdRecord): void {
    const { partition, offset, id, appendMs, userId, retracts } = record;
    const number = Number.parseInt(id.slice(-2), 16);
    const bucket = this.#kept[number] as Bucket;
    if (bucket.count === KEPT_RECORDS) {
      appendFileSync(this.#path(number), bucket.bytes);
      bucket.count = 0;
    }
    const at = bucket.count * RECORD_BYTES;
    bucket.bytes.write(id, at, "hex");
    bucket.bytes.writeDoubleLE(partition, at + ID_BYTES);
    bucket.bytes.writeDoubleLE(offset, at + ID_BYTES + 8);
    bucket.bytes.writeDoubleLE(appendMs, at + ID_BYTES + 16);
    bucket.bytes.writeDoubleLE(userId, at + ID_BYTES + 24);
    bucket.bytes.writeDoubleLE(retracts ? 1 : 0, at + ID_BYTES + 32);
    bucket.bytes.writeDoubleLE(record.originPartition, at + ID_BYTES + 40);
    bucket.bytes.writeDoubleLE(record.originOffset, at + ID_BYTES + 48);
    bucket.count += 1;
  }

  /** Calls `each` with the records of one bucket after the other; within one, as they were added. */
  forEachBucket(each: (records: Iterable<IdRecord>) => void): void {
    this.#kept.forEach(({ bytes, count }, number) => {
      const stored = this.#folder ? readIfThere(this.#path(number)) : Buffer.alloc(0);
      each(recordsOf(Buffer.concat([stored, bytes.subarray(0, count * RECORD_BYTES)])));
    });
  }

  close(): void {
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(number: number): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "recount-"));
    return join(this.#folder, String(number));
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function* recordsOf(bytes: Buffer): Generator<IdRecord> {
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    yield {
      id: bytes.toString("hex", at, at + ID_BYTES),
      partition: bytes.readDoubleLE(at + ID_BYTES),
      offset: bytes.readDoubleLE(at + ID_BYTES + 8),
      appendMs: bytes.readDoubleLE(at + ID_BYTES + 16),
      userId: bytes.readDoubleLE(at + ID_BYTES + 24),
      retracts: bytes.readDoubleLE(at + ID_BYTES + 32) === 1,
      originPartition: bytes.readDoubleLE(at + ID_BYTES + 40),
      originOffset: bytes.readDoubleLE(at + ID_BYTES + 48),
    };
  }
}
