/**
 * The former rule. A replay decides by it what was counted by it. An event is a duplicate when its id
 * stands at one of the N offsets before it. The log alone decides. Pure; memory is fixed, about 28
 * bytes for each of the N offsets.
 */

/**
 * A ring of N slots holds the ids. Chains of offsets with the same hash run through it, newest first,
 * as in the window of zlib's deflate. A new id overwrites the oldest one, and a chain ends where it
 * leaves the window. Offsets are kept as their low 32 bits, since a chain needs only distances. The
 * id itself is always compared, so an entry four billion offsets old does no harm.
 */
export class DuplicateWindow {
  readonly records: number;
  readonly #slotMask: number;
  /** By slot: the four words of the id, then the newest earlier offset with the same hash. */
  readonly #slots: Int32Array;
  readonly #headMask: number;
  /** By hash: the newest offset. */
  readonly #heads: Int32Array;
  /** Keeps a sender from filling one chain. It decides the place of an id, never the answer. */
  readonly #seed: number;
  #isEmpty = true;

  constructor(records: number, seed = 0) {
    this.records = records;
    const slots = 2 ** Math.ceil(Math.log2(records));
    this.#slotMask = slots - 1;
    this.#slots = new Int32Array(slots * STRIDE);
    this.#headMask = slots * 2 - 1;
    this.#heads = new Int32Array(slots * 2);
    this.#seed = seed | 1;
  }

  /**
   * Notes that the id stands at `offset`, which must be above all earlier ones. Returns whether the
   * id also stands at one of the `records` offsets before it.
   */
  add(offset: number, id0: number, id1: number, id2: number, id3: number): boolean {
    const here = offset | 0;
    if (this.#isEmpty) {
      // One step beyond the window: no chain begins there.
      this.#heads.fill((offset - this.records - 1) | 0);
      this.#isEmpty = false;
    }
    const slots = this.#slots;
    const head = this.#hash(id0, id1, id2, id3);
    const newest = this.#heads[head] as number;
    let found = false;
    let candidate = newest;
    let distance = 0;
    for (;;) {
      const next = (here - candidate) >>> 0;
      if (next <= distance || next > this.records) break;
      distance = next;
      const at = (candidate & this.#slotMask) * STRIDE;
      if (
        slots[at + 3] === id3 &&
        slots[at + 2] === id2 &&
        slots[at + 1] === id1 &&
        slots[at] === id0
      ) {
        found = true;
        break;
      }
      candidate = slots[at + 4] as number;
    }
    const at = (here & this.#slotMask) * STRIDE;
    slots[at] = id0;
    slots[at + 1] = id1;
    slots[at + 2] = id2;
    slots[at + 3] = id3;
    slots[at + 4] = newest;
    this.#heads[head] = here;
    return found;
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

/** Numbers of a slot, side by side, so that they share one cache line of the processor. */
const STRIDE = 5;
