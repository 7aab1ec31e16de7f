/**
 * The ids of some records in a row, side by side in arrays. All are events, of which each may be a
 * duplicate, or all are retractions, which take events back. Pure.
 */

/** Words of an id. */
export const ID_WORDS = 4;

/** Records in columns, of which some may belong to another batch. */
export interface IdColumns {
  readonly count: number;
  readonly retracts: boolean;
  readonly origin: Int32Array | undefined;
  readonly words: Int32Array;
  readonly offsets: Float64Array;
  readonly seen: Uint8Array;
}

export class IdBatch implements IdColumns {
  /** The most records that one batch holds. */
  static readonly SIZE = 4_096;

  count = 0;
  /** Whether all records are retractions; else all are events. */
  retracts = false;
  /**
   * Another id of the only record, a retraction. It takes effect only if this id does not stand, and
   * lets it stand from there on.
   */
  origin: Int32Array | undefined;
  /** The ids, four words each. */
  readonly words = new Int32Array(IdBatch.SIZE * ID_WORDS);
  /** Offsets, ascending; the last one is less than 2^30 above the first. */
  readonly offsets = new Float64Array(IdBatch.SIZE);
  /** The answers: 1 where the id stands below the record, else 0. */
  readonly seen = new Uint8Array(IdBatch.SIZE);

  /** Whether a record of this kind at this offset can be added. */
  hasRoom(offset: number, retracts: boolean, origin?: Int32Array): boolean {
    if (this.count === 0) return true;
    const isAlike = this.retracts === retracts && (origin ?? this.origin) === undefined;
    const isNear = offset - (this.offsets[0] as number) < 2 ** 30;
    return isAlike && isNear && this.count < IdBatch.SIZE;
  }

  /** Adds a record, for which there has to be room. */
  add(
    offset: number,
    id0: number,
    id1: number,
    id2: number,
    id3: number,
    retracts = false,
    origin?: Int32Array,
  ): void {
    this.retracts = retracts;
    this.origin = origin;
    const at = this.count * ID_WORDS;
    this.words[at] = id0;
    this.words[at + 1] = id1;
    this.words[at + 2] = id2;
    this.words[at + 3] = id3;
    this.offsets[this.count] = offset;
    this.count += 1;
  }
}

/**
 * Decides from the log alone which ids stand. An id stands behind an event, and no longer behind a
 * retraction.
 */
export interface DuplicateFinder {
  /**
   * Sets `seen` for each record of the batch: then an event is a duplicate, and a retraction takes
   * effect. Remembers what is new to it. All records stand in one batch of the log.
   * @param appendMs when the broker appended them; undefined when a client stamped them
   */
  decide(batch: IdBatch, appendMs: number | undefined): void;
  /** Everything below `offset` has been read, whether or not it had an id. */
  passed(offset: number): void;
  /** Resolves when more may be decided: at once unless work has piled up. */
  caughtUp(): Promise<void> | undefined;
}
