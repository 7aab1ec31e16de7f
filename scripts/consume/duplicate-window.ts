/**
 * Remembers the event ids of the last N offsets of one partition, so that an event which was sent
 * again counts once. The answer for an offset depends on the log alone: whether the same id stands
 * at one of the N offsets before it. Pure; memory is fixed, about 40 bytes for each of N offsets.
 *
 * A ring of N slots holds the ids, and chains of offsets by hash run through it, newest first, as
 * in the window of zlib's deflate: an entry leaves by being overwritten, and a chain ends where it
 * leads out of the window.
 */
export class DuplicateWindow {
  readonly records: number;
  readonly #slotMask: number;
  readonly #ids: Int32Array;
  /** By slot: the newest earlier offset with the same hash, or -1. */
  readonly #previous: Float64Array;
  readonly #headMask: number;
  /** By hash: the newest offset, or -1. */
  readonly #heads: Float64Array;
  /** Keeps a sender from aiming at one chain; it decides the place of an id, never the answer. */
  readonly #seed: number;

  constructor(records: number, seed = 0) {
    this.records = records;
    const slots = 2 ** Math.ceil(Math.log2(records));
    this.#slotMask = slots - 1;
    this.#ids = new Int32Array(slots * 4);
    this.#previous = new Float64Array(slots).fill(-1);
    this.#headMask = slots * 2 - 1;
    this.#heads = new Float64Array(slots * 2).fill(-1);
    this.#seed = seed | 1;
  }

  /**
   * Notes that the id stands at `offset`, which must be above all offsets noted before.
   * Returns whether it stands at one of the `records` offsets before, too.
   */
  add(offset: number, id0: number, id1: number, id2: number, id3: number): boolean {
    const head = this.#hash(id0, id1, id2, id3);
    const oldest = offset - this.records;
    const ids = this.#ids;
    let found = false;
    let candidate = this.#heads[head] as number;
    while (candidate >= 0 && candidate >= oldest) {
      const slot = this.#slot(candidate);
      const at = slot * 4;
      if (ids[at + 3] === id3 && ids[at + 2] === id2 && ids[at + 1] === id1 && ids[at] === id0) {
        found = true;
        break;
      }
      candidate = this.#previous[slot] as number;
    }
    const slot = this.#slot(offset);
    const at = slot * 4;
    ids[at] = id0;
    ids[at + 1] = id1;
    ids[at + 2] = id2;
    ids[at + 3] = id3;
    this.#previous[slot] = this.#heads[head] as number;
    this.#heads[head] = offset;
    return found;
  }

  /** The low bits of an offset; offsets beyond 2^32 wrap, as slots do. */
  #slot(offset: number): number {
    return (offset >>> 0) & this.#slotMask;
  }

  #hash(id0: number, id1: number, id2: number, id3: number): number {
    const seed = this.#seed;
    let hash = Math.imul(id0 ^ seed, 0x9e3779b1) ^ Math.imul(id1 + seed, 0x85ebca6b);
    hash ^= Math.imul(id2 ^ (seed << 3), 0xc2b2ae35) ^ Math.imul(id3 + (seed << 7), 0x27d4eb2f);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 13)) & this.#headMask;
  }
}
