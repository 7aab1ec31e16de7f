/** The filter over all ids of an index. It answers for nearly every new id, and grows in steps. */
import type { IdColumns } from "./id-batch.ts";
import { addEntries, askBatch, BLOCK_WORDS, blocksFor, mayHold, newFilter } from "./id-filter.ts";

/** At this many bits for each id the filter is full, and it is made larger. */
const FULL_BITS_EACH = 12;
const FIRST_BLOCKS = 2 ** 16;
/** Up to this size memory matters less than the work of growing. */
const SMALL_BLOCKS = 2 ** 20;

export class CommonFilter {
  #filter: Int32Array;
  /** The larger one that is being filled. */
  #larger: Int32Array | undefined;
  /** How many ids were added; one that was added twice counts twice. */
  #ids: number;

  private constructor(filter: Int32Array, ids: number) {
    this.#filter = filter;
    this.#ids = ids;
  }

  static forIds(ids: number): CommonFilter {
    let blocks = FIRST_BLOCKS;
    while (blocks < blocksFor(ids, FULL_BITS_EACH)) blocks = larger(blocks);
    return new CommonFilter(newFilter(blocks), ids);
  }

  static of(filter: Int32Array, ids: number): CommonFilter {
    return new CommonFilter(filter, ids);
  }

  get words(): Int32Array {
    return this.#filter;
  }

  /** Sets `perhaps` to 1 for the batch's ids that may have been added. */
  ask(batch: IdColumns, perhaps: Uint8Array): void {
    askBatch(this.#filter, batch, perhaps);
  }

  /** Whether the id at `word` may have been added. */
  mayHold(words: Int32Array, word: number): boolean {
    return mayHold(this.#filter, words, word) === 1;
  }

  /** Adds the entries of a run or a table. In their order this costs the least. */
  add(entries: Int32Array, count: number): void {
    addEntries(this.#filter, entries, 0, entries.length);
    if (this.#larger) addEntries(this.#larger, entries, 0, entries.length);
    this.#ids += count;
  }

  get isFull(): boolean {
    return (
      !this.#larger && blocksFor(this.#ids, FULL_BITS_EACH) * BLOCK_WORDS > this.#filter.length
    );
  }

  /** Makes a larger filter of all entries; those that are added meanwhile go into both. */
  *grow(entries: Iterable<Int32Array>): Generator<number> {
    const target = newFilter(larger(this.#filter.length / BLOCK_WORDS));
    this.#larger = target;
    for (const some of entries) {
      addEntries(target, some, 0, some.length);
      yield some.length / 8;
    }
    this.#filter = target;
    this.#larger = undefined;
  }
}

const larger = (blocks: number) => Math.ceil(blocks * (blocks < SMALL_BLOCKS ? 2 : 1.5));
