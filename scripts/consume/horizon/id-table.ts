/**
 * The ids of the last records, in memory: a table with open addressing. An id's place begins with its
 * highest bits, so that the table is almost in the order of its ids, and sorting it is cheap. Pure.
 *
 * The loops are small functions over arrays, since one large method was compiled ten times slower.
 */
import { ID_WORDS, type IdColumns } from "./id-batch.ts";

/** Words of an entry: the mixed id, then the distance of its offset from the table's base, plus 1. */
export const ENTRY_WORDS = 5;

/** Places behind the last one, for what overflows there. The very last stays empty: it ends a search. */
export const PLACES_BEHIND = 512;
/** The share of places in use at which a table is full. */
const LOAD_MAX = 0.7;
/** A distance has to fit a word. */
const DISTANCE_MAX = 2 ** 31 - 2;

export class IdTable {
  /** Entries with `ENTRY_WORDS` words each; a last word of 0 means that the place is empty. */
  readonly slots: Int32Array;
  count = 0;
  /** Offset to which the distances are added: that of the first entry. */
  base = 0;
  readonly #countMax: number;
  /** The shift that makes a place of an id's first word. */
  readonly #shift: number;

  /** @param bits the table has 2^bits places */
  constructor(bits: number) {
    this.slots = new Int32Array((2 ** bits + PLACES_BEHIND) * ENTRY_WORDS);
    this.#countMax = Math.floor(2 ** bits * LOAD_MAX);
    this.#shift = 32 - bits;
  }

  /**
   * Adds the batch's entries from `from` on and marks those whose id is there already. Returns the
   * index of the first entry that found no room, which is `batch.count` when all did.
   */
  add(batch: IdColumns, from: number): number {
    const newest = batch.offsets[batch.count - 1] as number;
    if (newest - this.base > DISTANCE_MAX) return from;
    const to = Math.min(batch.count, from + this.#countMax - this.count);
    return addEntries(this, this.#shift, batch, from, to);
  }

  /** The offset of the id; NaN when the table does not have it. */
  find(words: Int32Array, word: number): number {
    const { slots } = this;
    const a = words[word] as number;
    for (let at = (a >>> this.#shift) * ENTRY_WORDS; slots[at + 4] !== 0; at += ENTRY_WORDS) {
      if (
        slots[at] === a &&
        slots[at + 1] === words[word + 1] &&
        slots[at + 2] === words[word + 2] &&
        slots[at + 3] === words[word + 3]
      ) {
        return this.base + (slots[at + 4] as number) - 1;
      }
    }
    return Number.NaN;
  }

  /** Puts the entries in the order of their first word, as numbers without a sign. */
  sort(): void {
    sortClusters(this.slots);
  }

  clear(): void {
    this.slots.fill(0);
    this.count = 0;
  }
}

/** @returns the index of the first entry that found no place, else `to` */
function addEntries(
  table: IdTable,
  shift: number,
  batch: IdColumns,
  from: number,
  to: number,
): number {
  const { slots, base } = table;
  const { words, offsets, seen } = batch;
  const last = slots.length - ENTRY_WORDS;
  let added = 0;
  let index = from;
  for (let word = from * ID_WORDS; index < to; index++, word += ID_WORDS) {
    const a = words[word] as number;
    const b = words[word + 1] as number;
    const c = words[word + 2] as number;
    const d = words[word + 3] as number;
    let at = (a >>> shift) * ENTRY_WORDS;
    for (;;) {
      if (slots[at + 4] === 0) break;
      if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d) {
        break;
      }
      at += ENTRY_WORDS;
    }
    if (slots[at + 4] !== 0) {
      seen[index] = 1;
      continue;
    }
    if (at === last) break;
    slots[at] = a;
    slots[at + 1] = b;
    slots[at + 2] = c;
    slots[at + 3] = d;
    slots[at + 4] = (offsets[index] as number) - base + 1;
    added += 1;
  }
  table.count += added;
  return index;
}

/** Insertion sort of each row of places in use; a row holds a few entries only. */
export function sortClusters(slots: Int32Array): void {
  const length = slots.length;
  for (let start = 0; start < length; start += ENTRY_WORDS) {
    if (slots[start + 4] === 0) continue;
    let end = start + ENTRY_WORDS;
    for (; end < length && slots[end + 4] !== 0; end += ENTRY_WORDS) {
      const first = (slots[end] as number) >>> 0;
      if ((slots[end - ENTRY_WORDS] as number) >>> 0 <= first) continue;
      const b = slots[end + 1] as number;
      const c = slots[end + 2] as number;
      const d = slots[end + 3] as number;
      const distance = slots[end + 4] as number;
      let at = end;
      do {
        slots[at] = slots[at - 5] as number;
        slots[at + 1] = slots[at - 4] as number;
        slots[at + 2] = slots[at - 3] as number;
        slots[at + 3] = slots[at - 2] as number;
        slots[at + 4] = slots[at - 1] as number;
        at -= ENTRY_WORDS;
      } while (at > start && (slots[at - ENTRY_WORDS] as number) >>> 0 > first);
      slots[at] = first;
      slots[at + 1] = b;
      slots[at + 2] = c;
      slots[at + 3] = d;
      slots[at + 4] = distance;
    }
    start = end;
  }
}
