/**
 * A blocked Bloom filter over mixed ids: it says "never added" or "perhaps". Eight bits of one block
 * of 128 bits stand for an id, so that one look costs one cache line. Pure.
 *
 * The blocks are those of Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters"
 * (2007). With 12 bits an id, 3 of 1,000 new ids get "perhaps".
 */
import { ID_WORDS, type IdColumns } from "./id-batch.ts";
import { ENTRY_WORDS } from "./id-table.ts";

/** Words of a block. */
export const BLOCK_WORDS = 4;
const BLOCK_BITS = 128;
const WORD_VALUES = 2 ** 32;

/** How many blocks give each of the ids this many bits. */
export const blocksFor = (ids: number, bitsEach: number) =>
  Math.max(1, Math.ceil((ids * bitsEach) / BLOCK_BITS));

export const newFilter = (blocks: number) => new Int32Array(blocks * BLOCK_WORDS);

/** Sets `perhaps` to 1 for the batch's ids that may have been added. */
export function askBatch(
  filter: Int32Array,
  { words, count }: IdColumns,
  perhaps: Uint8Array,
): void {
  const scale = filter.length / BLOCK_WORDS / WORD_VALUES;
  for (let index = 0, word = 0; index < count; index++, word += ID_WORDS) {
    const b = words[word + 1] as number;
    const at = ((((words[word] as number) >>> 0) * scale) | 0) << 2;
    const p = (1 << b) | (1 << (b >>> 5));
    if (((filter[at] as number) & p) !== p) continue;
    perhaps[index] = mayHold(filter, words, word);
  }
}

/** 1 when the id at `word` may have been added, else 0. */
export function mayHold(filter: Int32Array, words: Int32Array, word: number): number {
  const b = words[word + 1] as number;
  const c = words[word + 2] as number;
  const scale = filter.length / BLOCK_WORDS / WORD_VALUES;
  const at = ((((words[word] as number) >>> 0) * scale) | 0) << 2;
  const p = (1 << b) | (1 << (b >>> 5));
  const q = (1 << (b >>> 10)) | (1 << (b >>> 15));
  const r = (1 << (b >>> 20)) | (1 << (b >>> 25));
  const s = (1 << c) | (1 << (c >>> 5));
  const missing =
    (p & ~(filter[at] as number)) |
    (q & ~(filter[at + 1] as number)) |
    (r & ~(filter[at + 2] as number)) |
    (s & ~(filter[at + 3] as number));
  return missing === 0 ? 1 : 0;
}

/** Adds entries, `ENTRY_WORDS` words each, from `from` up to `to`; empty places of a table are left out. */
export function addEntries(
  filter: Int32Array,
  entries: Int32Array,
  from: number,
  to: number,
): void {
  const scale = filter.length / BLOCK_WORDS / WORD_VALUES;
  for (let entry = from; entry < to; entry += ENTRY_WORDS) {
    if (entries[entry + 4] === 0) continue;
    const b = entries[entry + 1] as number;
    const c = entries[entry + 2] as number;
    const at = ((((entries[entry] as number) >>> 0) * scale) | 0) << 2;
    filter[at]! |= (1 << b) | (1 << (b >>> 5));
    filter[at + 1]! |= (1 << (b >>> 10)) | (1 << (b >>> 15));
    filter[at + 2]! |= (1 << (b >>> 20)) | (1 << (b >>> 25));
    filter[at + 3]! |= (1 << c) | (1 << (c >>> 5));
  }
}
