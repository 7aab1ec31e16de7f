/**
 * The ids of the last records, in memory: a table with open addressing. An id's place begins with its
 * highest bits, so that the table is almost in the order of its ids, and sorting it is cheap. Pure.
 *
 * The loops are small functions over arrays, since one large method was compiled ten times slower.
 */
import { ID_WORDS, type IdColumns } from "./id-batch.ts";

/**
 * Words of an entry: the mixed id, then the distance of its offset from the table's base, plus 1. The
 * last word of a retraction is negative.
 */
export const ENTRY_WORDS = 5;
/** The bit of the last word that says what stands at the offset. */
const RETRACTION_BIT = 1 << 31;
const DISTANCE_BITS = ~RETRACTION_BIT;
/** The largest distance. */
export const DISTANCE_MAX = 2 ** 31 - 2;

/** What stands at an entry. */
export type Kind = typeof NOTHING | typeof EVENT | typeof RETRACTION;
export const NOTHING = 0;
export const EVENT = 1;
export const RETRACTION = 2;

/** What an entry with this last word is. */
export const kindOf = (last: number): Kind => (last < 0 ? RETRACTION : EVENT);
/** The distance of an entry with this last word. */
export const distanceOf = (last: number) => (last & DISTANCE_BITS) - 1;

/** Ids to be looked up and added, mixed. */
export interface MixedIds extends IdColumns {
  /** 1 where older tables and runs may hold the id and have to be asked. */
  readonly perhaps: Uint8Array;
}

/** Places behind the last one, for what overflows there. The very last stays empty: it ends a search. */
export const PLACES_BEHIND = 512;
/** The share of places in use at which a table is full. */
const LOAD_MAX = 0.7;

export class IdTable {
  /** Entries with `ENTRY_WORDS` words each; a last word of 0 means that the place is empty. */
  readonly slots: Int32Array;
  count = 0;
  /** Offset to which the distances are added: that of the first entry. */
  base = 0;
  /** Below this offset the table may give wrong answers, since entries were forgotten. */
  validFrom = Number.NEGATIVE_INFINITY;
  readonly #countMax: number;
  readonly #entriesMax: number;
  /** The shift that makes a place of an id's first word. */
  readonly #shift: number;
  /** Without any retraction, an id has one entry. */
  retracts = false;

  /**
   * @param bits the table has 2^bits places
   * @param entriesMax the most entries of one id
   */
  constructor(bits: number, entriesMax: number) {
    this.slots = new Int32Array((2 ** bits + PLACES_BEHIND) * ENTRY_WORDS);
    this.#countMax = Math.floor(2 ** bits * LOAD_MAX);
    this.#entriesMax = entriesMax;
    this.#shift = 32 - bits;
  }

  /**
   * Adds the batch's events from `from` on, and marks those whose id stands there already. Returns the
   * index of the first one that found no room, which is `batch.count` when all did.
   */
  add(batch: MixedIds, from: number): number {
    const newest = batch.offsets[batch.count - 1] as number;
    if (newest - this.base > DISTANCE_MAX) return from;
    const to = Math.min(batch.count, from + this.#countMax - this.count);
    if (!this.retracts) return addEntries(this, this.#shift, batch, from, to);
    for (let index = from; index < to; index++) {
      if (this.mark(batch, index) === EVENT) continue;
      const distance = (batch.offsets[index] as number) - this.base;
      if (!this.#append(batch.words, index * ID_WORDS, distance + 1)) return index;
    }
    return to;
  }

  /** Adds an entry behind all others; returns whether there was room for it. */
  append(words: Int32Array, word: number, offset: number, kind: Kind): boolean {
    const distance = offset - this.base;
    if (distance > DISTANCE_MAX || this.count >= this.#countMax) return false;
    if (kind === EVENT) return this.#append(words, word, distance + 1);
    this.retracts = true;
    return this.#append(words, word, (distance + 1) | RETRACTION_BIT);
  }

  /** What the table says of an event of the batch: it may stand, or need no further look. */
  mark(batch: MixedIds, index: number): Kind {
    const kind = this.newest(batch.words, index * ID_WORDS, batch.offsets[index] as number);
    if (kind === EVENT) batch.seen[index] = 1;
    if (kind === RETRACTION) batch.perhaps[index] = 0;
    return kind;
  }

  /** What the newest entry of the id below an offset is. */
  newest(words: Int32Array, word: number, below: number): Kind {
    const { slots } = this;
    const distanceMax = below - this.base - 1;
    let kind: Kind = NOTHING;
    for (let at = this.#placeOf(words, word); slots[at + 4] !== 0; at += ENTRY_WORDS) {
      const last = slots[at + 4] as number;
      if (isAt(slots, at, words, word) && distanceOf(last) <= distanceMax) kind = kindOf(last);
    }
    return kind;
  }

  /** Puts the entries in the order of their first word, as numbers without a sign. */
  sort(): void {
    sortClusters(this.slots);
  }

  clear(): void {
    this.slots.fill(0);
    this.count = 0;
    this.validFrom = Number.NEGATIVE_INFINITY;
    this.retracts = false;
  }

  #placeOf(words: Int32Array, word: number): number {
    return ((words[word] as number) >>> this.#shift) * ENTRY_WORDS;
  }

  /** Adds an entry behind the others of its id; returns false when there is no room. */
  #append(words: Int32Array, word: number, last: number): boolean {
    const { slots } = this;
    const start = this.#placeOf(words, word);
    let at = start;
    let entries = 0;
    for (; slots[at + 4] !== 0; at += ENTRY_WORDS) {
      if (isAt(slots, at, words, word)) entries += 1;
    }
    if (entries >= this.#entriesMax) {
      const validFrom = this.base + replaceOldest(slots, start, words, word, last);
      this.validFrom = Math.max(this.validFrom, validFrom);
      return true;
    }
    if (at === slots.length - ENTRY_WORDS) return false;
    for (let step = 0; step < ID_WORDS; step++) slots[at + step] = words[word + step] as number;
    slots[at + 4] = last;
    this.count += 1;
    return true;
  }
}

/** Whether the entry at `at` is of the id at `word`. */
const isAt = (slots: Int32Array, at: number, words: Int32Array, word: number) =>
  slots[at] === words[word] &&
  slots[at + 1] === words[word + 1] &&
  slots[at + 2] === words[word + 2] &&
  slots[at + 3] === words[word + 3];

/**
 * Forgets the oldest entry of an id and adds a new one, where its entries stand from `start` on. Returns
 * the distance from which on the entries that are left answer as all of them would. An id that is sent
 * and taken back all the time would otherwise fill a table, and a search would go over all its entries.
 */
export function replaceOldest(
  slots: Int32Array,
  start: number,
  words: Int32Array,
  word: number,
  last: number,
): number {
  const places: number[] = [];
  for (let at = start; slots[at + 4] !== 0; at += ENTRY_WORDS) {
    if (isAt(slots, at, words, word)) places.push(at + 4);
  }
  const [oldest = start] = places;
  places.forEach((place, index) => {
    const next = places[index + 1];
    slots[place] = next === undefined ? last : (slots[next] as number);
  });
  return distanceOf(slots[oldest] as number) + 1;
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
