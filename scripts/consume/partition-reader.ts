/**
 * Turns the record batches of one partition into tallies. Pure: it holds the place in the log, the
 * window of duplicates and the growing tally; its output depends on the log alone.
 *
 * It starts to read before the first counted offset; the earlier records only fill the window.
 */

import { EventFields } from "../../schema/layout.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import { decodeEvent } from "./decode-event.ts";
import { DuplicateWindow } from "./duplicate-window.ts";
import { DEAD_LETTER_PAYLOAD_BYTES_MAX, Tally } from "./tally.ts";

/** The first offset to read, so that the window is complete at `countFrom`. */
export const windowStart = (countFrom: number, windowRecords: number, logStart: number) =>
  Math.min(countFrom, Math.max(logStart, countFrom - windowRecords));

export class PartitionReader {
  /** Next offset to read from the log. */
  position: number;
  /** Everything before this offset is counted already and only fills the window. */
  readonly countFrom: number;
  /** Records that were read and not taken yet. */
  pending: Tally;

  readonly #window: DuplicateWindow;
  readonly #seed: number;
  readonly #cursor = new RecordCursor();
  readonly #event = new EventFields();

  /** `seed` spreads hashes differently in each process; it never affects the result. */
  constructor(options: {
    readFrom: number;
    countFrom: number;
    windowRecords: number;
    seed?: number;
  }) {
    this.position = options.readFrom;
    this.countFrom = options.countFrom;
    this.#seed = options.seed ?? 0;
    this.#window = new DuplicateWindow(options.windowRecords, this.#seed);
    this.pending = new Tally(options.countFrom, this.#seed);
  }

  /** Whether the window is still being filled. */
  get isWarming(): boolean {
    return this.position < this.countFrom;
  }

  /** Reads every record from the current position up to `until`, and moves behind the batch. */
  read(batch: RecordBatch, until = Number.POSITIVE_INFINITY): void {
    const cursor = this.#cursor;
    cursor.open(batch);
    while (cursor.next()) {
      if (cursor.offset < this.position) continue;
      if (cursor.offset >= until) break;
      this.skipTo(cursor.offset);
      this.#readRecord(cursor);
      this.position += 1;
    }
    this.skipTo(Math.min(batch.lastOffset + 1, until));
    if (!this.isWarming) this.pending.nextOffset = this.position;
  }

  /** Skips offsets that hold no record for us: markers, aborted or compacted records. */
  skipTo(offset: number): void {
    if (offset <= this.position) return;
    const counted = offset - Math.max(this.position, this.countFrom);
    if (counted > 0) {
      this.pending.absent += counted;
      this.pending.nextOffset = offset;
    }
    this.position = offset;
  }

  /** Skips offsets whose records the log has deleted unread. */
  loseTo(offset: number): void {
    const counted = offset - Math.max(this.position, this.countFrom);
    if (counted > 0) {
      this.pending.lost += counted;
      this.pending.nextOffset = offset;
    }
    this.position = Math.max(this.position, offset);
  }

  /** Returns the pending tally and starts a new one behind it. */
  take(): Tally {
    const taken = this.pending;
    this.pending = new Tally(taken.nextOffset, this.#seed);
    return taken;
  }

  #readRecord(cursor: RecordCursor): void {
    const event = this.#event;
    const reason = decodeEvent(cursor.bytes, cursor.valueStart, cursor.valueLength, event);
    if (reason === undefined) {
      const seen = this.#window.add(cursor.offset, event.id0, event.id1, event.id2, event.id3);
      if (cursor.offset < this.countFrom) return;
      if (seen) this.pending.duplicates += 1;
      else this.pending.addEvent(event.userId, event.typeIndex, event.createdAtMs);
    } else if (cursor.offset >= this.countFrom) {
      this.pending.addDeadLetter({
        offset: cursor.offset,
        reason,
        payload: slice(
          cursor.bytes,
          cursor.valueStart,
          Math.min(cursor.valueLength, DEAD_LETTER_PAYLOAD_BYTES_MAX),
        ),
        payloadBytes: Math.max(0, cursor.valueLength),
        key: slice(cursor.bytes, cursor.keyStart, Math.min(cursor.keyLength, 1_024)),
        headers: slice(
          cursor.bytes,
          cursor.headersStart,
          Math.min(cursor.headersEnd - cursor.headersStart, 4_096),
        ),
      });
    } else {
      return;
    }
    if (cursor.timestampMs > this.pending.lastAppendMs) {
      this.pending.lastAppendMs = cursor.timestampMs;
    }
  }
}

/** A copy that outlives its fetch; null where the record has null. */
const slice = (bytes: Uint8Array, start: number, length: number) =>
  length < 0 ? null : bytes.slice(start, start + length);
