/**
 * Turns the record batches of one partition into tallies. It holds the place in the log and the growing
 * tally. Pure but for the index of ids that it is given: its output depends on the log alone.
 *
 * It starts to read where the index of ids ends, which may be before the first counted offset: the
 * earlier records only complete the index.
 */
import { EventFields } from "../../schema/layout.ts";
import type { RejectReason } from "../../schema/rejects.ts";
import { type RecordBatch, RecordCursor } from "../kafka/record-cursor.ts";
import type { Skip } from "../kafka/unpack.ts";
import { type Mark, markOf } from "../ledger/mark.ts";
import { type Decoded, decodeEvent } from "./decode-event.ts";
import { everywhere, type IsHome } from "./homes.ts";
import { type DuplicateFinder, IdBatch } from "./horizon/id-batch.ts";
import { always, type MomentCounts } from "./moments.ts";
import { originIdOf, originOf } from "./origin.ts";
import { DEAD_LETTER_PAYLOAD_BYTES_MAX, type DeadLetter, Tally } from "./tally.ts";

/** The last record that the index of ids holds: the log has to hold it still. */
export interface LastRecord {
  offset: number;
  /** Gets the id of the record at the offset, or an empty batch when there is none. */
  check(batch: IdBatch): void;
}

export interface ReaderOptions {
  readFrom: number;
  countFrom: number;
  duplicates: DuplicateFinder;
  /** A record that is compared before anything is read. */
  last?: LastRecord | undefined;
  /** Which users belong to this partition. @default {everywhere} */
  isHome?: IsHome;
  momentCounts?: MomentCounts;
  /** From this offset on, a record may take an event back. @default {0} */
  retractsFrom?: number;
  /** Whether the event at an offset is taken back later, and left out of the tables. */
  isRemoved?: ((offset: number) => boolean) | undefined;
  /**
   * Told of offsets from `from` up to, not including, `to`, whose records the log has forgotten, as
   * compaction does. They count as lost unless this throws.
   */
  onForgotten?: (from: number, to: number) => void;
  /** Offsets that a person has passed over. @default {[]} */
  skips?: readonly Skip[];
  /** The last record before `countFrom` that is known. */
  mark?: Mark | undefined;
  /** Spreads hashes differently in each process; it never affects the result. */
  seed?: number;
}

export class PartitionReader {
  /** Next offset to read from the log. */
  position: number;
  /** Everything before this offset is counted already and only completes the index of ids. */
  readonly countFrom: number;
  /** A record that was read: the log has to hold it for as long as it is counted. */
  mark: Mark | undefined;
  /** Records that were read and not taken yet. */
  pending: Tally;
  /** Offsets that a person has passed over, since they cannot be read. */
  skips: readonly Skip[];

  readonly #readFrom: number;
  #last: LastRecord | undefined;
  readonly #duplicates: DuplicateFinder;
  readonly #isHome: IsHome;
  readonly #momentCounts: MomentCounts;
  readonly #retractsFrom: number;
  readonly #isRemoved: ((offset: number) => boolean) | undefined;
  readonly #onForgotten: (from: number, to: number) => void;
  readonly #seed: number;
  readonly #cursor = new RecordCursor();
  readonly #event = new EventFields();
  /** Events or retractions that are read and not decided yet, side by side. */
  readonly #ids = new IdBatch();
  readonly #userIds = new Float64Array(IdBatch.SIZE);
  readonly #typeIndexes = new Uint8Array(IdBatch.SIZE);
  readonly #createdAtMs = new Float64Array(IdBatch.SIZE);

  constructor({
    readFrom,
    countFrom,
    duplicates,
    last,
    isHome = everywhere,
    momentCounts = always,
    retractsFrom = 0,
    isRemoved,
    onForgotten = () => {},
    skips = [],
    mark,
    seed = 0,
  }: ReaderOptions) {
    this.position = last?.offset ?? readFrom;
    this.#readFrom = readFrom;
    this.#last = last;
    this.countFrom = countFrom;
    this.skips = skips;
    this.mark = mark;
    this.#duplicates = duplicates;
    this.#onForgotten = onForgotten;
    this.#seed = seed;
    this.#isHome = isHome;
    this.#momentCounts = momentCounts;
    this.#retractsFrom = retractsFrom;
    this.#isRemoved = isRemoved;
    this.pending = new Tally(countFrom, seed);
  }

  /** Whether only the index is being completed. */
  get isWarming(): boolean {
    return this.position < this.countFrom;
  }

  /** How many records the index lacks before counting goes on. */
  get recordsToIndex(): number {
    return Math.max(0, this.countFrom - (this.isChecking ? this.#readFrom : this.position));
  }

  /** Whether the next batches are for `check()`, not for `read()`. */
  get isChecking(): boolean {
    return this.#last !== undefined;
  }

  /**
   * Looks for the last record of the index in the batch at `position`, and moves to where reading
   * begins. The batch is undefined when the log has none there, or none that can be read.
   * @throws what `LastRecord.check()` throws
   */
  check(batch: RecordBatch | undefined): void {
    const cursor = this.#cursor;
    const last = this.#last as LastRecord;
    const ids = new IdBatch();
    if (batch) {
      cursor.open(batch);
      while (cursor.next()) {
        const { bytes, offset, valueStart, valueLength } = cursor;
        if (offset !== last.offset) continue;
        const event = this.#event;
        const decoded = decodeEvent(bytes, valueStart, valueLength, event);
        if (decoded !== undefined && decoded !== "retraction") continue;
        ids.add(offset, event.id0, event.id1, event.id2, event.id3);
      }
    }
    last.check(ids);
    this.#last = undefined;
    this.position = this.#readFrom;
  }

  /**
   * Reads every record from the current position up to `until`, and moves behind the batch. Returns
   * false when dead letters or strays have filled the pending tally before: take it, and read the
   * batch again.
   * @throws what `onForgotten` throws
   */
  read(batch: RecordBatch, until = Number.POSITIVE_INFINITY): boolean {
    if (batch.reject) return this.#rejectAll(batch, batch.reject, until);
    const cursor = this.#cursor;
    const end = Math.min(batch.lastOffset + 1, until);
    this.#forgetTo(Math.min(batch.baseOffset, until));
    if (batch.isHidden) this.#skipTo(end);
    cursor.open(batch);
    const { deadLetters, strays } = this.pending;
    const kept = deadLetters.length + strays.length;
    while (cursor.next()) {
      if (cursor.offset < this.position) continue;
      if (cursor.offset >= until) break;
      if (deadLetters.length + strays.length > kept && this.pending.isFull) {
        this.#decide(batch.appendTimestampMs);
        return this.#passed(cursor.offset, false);
      }
      this.#forgetTo(cursor.offset);
      this.#readRecord(cursor, batch.appendTimestampMs);
      this.position += 1;
    }
    this.#decide(batch.appendTimestampMs);
    const hasRead = batch.recordCount > 0 && cursor.offset + 1 === this.position;
    this.#passed(end, true);
    if (hasRead) this.#markAt(cursor);
    return true;
  }

  #markAt(cursor: RecordCursor): void {
    this.mark = markOf(cursor);
    if (!this.isWarming) this.pending.mark = this.mark;
  }

  /** Moves to the offset, up to which all is decided; returns `isWhole`. */
  #passed(offset: number, isWhole: boolean): boolean {
    this.#forgetTo(offset);
    this.#duplicates.passed(this.position);
    if (!this.isWarming) this.pending.nextOffset = this.position;
    return isWhole;
  }

  /** The same for a batch of which no record is read. */
  #rejectAll(batch: RecordBatch, reason: RejectReason, until: number): boolean {
    const end = Math.min(batch.lastOffset + 1, until);
    const { pending } = this;
    this.#forgetTo(Math.min(batch.baseOffset, until));
    for (let offset = Math.max(this.position, this.countFrom); offset < end; offset++) {
      if (pending.isFull) return this.#passed(offset, false);
      pending.addDeadLetter({ ...NOTHING, offset, reason });
      this.position = offset + 1;
    }
    if (reason !== "unreadable" && end > this.countFrom) {
      pending.lastAppendMs = Math.max(pending.lastAppendMs, batch.baseTimestampMs);
    }
    return this.#passed(end, true);
  }

  /** Resolves when more may be read: at once unless the index of ids has work that has piled up. */
  caughtUp(): Promise<void> | undefined {
    return this.#duplicates.caughtUp();
  }

  /** Skips offsets that hold no record for us: markers, or records of aborted transactions. */
  #skipTo(offset: number): void {
    if (offset <= this.position) return;
    const counted = offset - Math.max(this.position, this.countFrom);
    if (counted > 0) {
      this.pending.absent += counted;
      this.pending.nextOffset = offset;
    }
    this.position = offset;
  }

  /** Offsets that hold no record, and are hidden from nobody: there were records once. */
  #forgetTo(offset: number): void {
    const from = Math.max(this.position, this.countFrom);
    if (offset > from) this.#onForgotten(from, offset);
    this.loseTo(offset);
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

  /** Counts the events that were read and are no duplicates, or notes the retractions. */
  #decide(appendMs: number | undefined): void {
    const { count, offsets, retracts, seen } = this.#ids;
    if (count === 0) return;
    this.#duplicates.decide(this.#ids, appendMs);
    this.#ids.count = 0;
    const { pending, countFrom } = this;
    for (let index = 0; index < count; index++) {
      if ((offsets[index] as number) < countFrom) continue;
      if (retracts) {
        pending.addRetraction(seen[index] === 1);
        continue;
      }
      if (seen[index] === 1) {
        pending.duplicates += 1;
        continue;
      }
      if (this.#isRemoved?.(offsets[index] as number)) {
        pending.addRemoved();
        continue;
      }
      const userId = this.#userIds[index] as number;
      const typeIndex = this.#typeIndexes[index] as number;
      pending.addEvent(userId, typeIndex, this.#createdAtMs[index] as number);
    }
  }

  #decode({ bytes, offset, timestampMs, valueStart, valueLength }: RecordCursor): Decoded {
    const event = this.#event;
    const decoded = decodeEvent(bytes, valueStart, valueLength, event);
    if (decoded === "retraction") return offset < this.#retractsFrom ? "bad_event_id" : decoded;
    if (decoded !== undefined) return decoded;
    const counts = this.#momentCounts(offset, event.createdAtMs, timestampMs);
    return counts ? undefined : "implausible_created_at";
  }

  #readRecord(cursor: RecordCursor, appendMs: number | undefined): void {
    const decoded = this.#decode(cursor);
    const { offset, timestampMs, bytes, valueStart, valueLength } = cursor;
    const { userId } = this.#event;
    const wasCounted = offset < this.countFrom;
    if (decoded !== undefined && decoded !== "retraction") {
      if (!wasCounted) this.pending.addDeadLetter(letterOf(cursor, decoded));
    } else if (this.#isHome(offset, userId)) {
      this.#addId(cursor, decoded === "retraction", appendMs);
    } else if (!wasCounted) {
      const value = bytes.slice(valueStart, valueStart + valueLength);
      this.pending.addStray({ offset, userId, value, origin: originOf(cursor) });
    }
    if (!wasCounted && timestampMs > this.pending.lastAppendMs) {
      this.pending.lastAppendMs = timestampMs;
    }
  }

  /** An event or a retraction is decided later, together with others of its kind. */
  #addId(cursor: RecordCursor, retracts: boolean, appendMs: number | undefined): void {
    const event = this.#event;
    const ids = this.#ids;
    const { offset } = cursor;
    const origin = retracts ? originIdOf(cursor) : undefined;
    if (!ids.hasRoom(offset, retracts, origin)) this.#decide(appendMs);
    const at = ids.count;
    ids.add(offset, event.id0, event.id1, event.id2, event.id3, retracts, origin);
    this.#userIds[at] = event.userId;
    this.#typeIndexes[at] = event.typeIndex;
    this.#createdAtMs[at] = event.createdAtMs;
  }
}

/** What is known of a record that was not read. */
const NOTHING = { payload: null, payloadBytes: 0, key: null, headers: null };

function letterOf(cursor: RecordCursor, reason: RejectReason): DeadLetter {
  const { bytes, offset, valueStart, valueLength, keyStart, keyLength } = cursor;
  const { headersStart, headersEnd } = cursor;
  const payloadLength = Math.min(valueLength, DEAD_LETTER_PAYLOAD_BYTES_MAX);
  return {
    offset,
    reason,
    payload: slice(bytes, valueStart, payloadLength),
    payloadBytes: Math.max(0, valueLength),
    key: slice(bytes, keyStart, Math.min(keyLength, 1_024)),
    headers: slice(bytes, headersStart, Math.min(headersEnd - headersStart, 4_096)),
  };
}

/** A copy that outlives its fetch; null where the record has null. */
const slice = (bytes: Uint8Array, start: number, length: number) =>
  length < 0 ? null : bytes.slice(start, start + length);
