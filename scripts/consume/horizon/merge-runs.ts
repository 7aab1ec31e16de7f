/**
 * Merges runs of one slice into one, in steps. An id that stands in several keeps its lowest offset.
 * Entries are gathered by ranges of their first word. Each range fits a small table in memory, which
 * puts them in order.
 */
import { sum } from "../../lib/sum.ts";
import { ENTRY_WORDS, PLACES_BEHIND, sortClusters } from "./id-table.ts";
import type { Run } from "./run-reader.ts";
import type { RunWriter } from "./run-writer.ts";

/** A table of a range is half full on average. */
const RANGE_TABLE_BITS = 14;
const RANGE_ENTRIES = 2 ** (RANGE_TABLE_BITS - 1);

/**
 * Writes the entries of `runs`, which follow each other in the log, oldest first. Yields the number
 * of entries that each step has handled.
 * @throws BrokenIndexError when a run is damaged
 */
export function* mergeRuns(runs: readonly Run[], writer: RunWriter): Generator<number> {
  const total = sum(runs.map(({ info }) => info.count));
  const rangeBits = Math.max(0, Math.ceil(Math.log2(total / RANGE_ENTRIES)));
  const first = (runs[0] as Run).info.first;
  const streams = runs.map((run) => new Stream(run, run.info.first - first));
  const table = new Int32Array((2 ** RANGE_TABLE_BITS + PLACES_BEHIND) * ENTRY_WORDS);
  for (let range = 1; range <= 2 ** rangeBits; range++) {
    const end = range * 2 ** (32 - rangeBits);
    let count = 0;
    for (const stream of streams) count += stream.moveBelow(end, table, rangeBits);
    sortClusters(table);
    writer.push(table, 0, count);
    table.fill(0);
    yield count + 1;
  }
}

/** The entries of one run in order. */
class Stream {
  readonly #blocks: Generator<Int32Array>;
  readonly #shift: number;
  #block: Int32Array = new Int32Array(0);
  #at = 0;

  constructor(run: Run, shift: number) {
    this.#blocks = run.blocks();
    this.#shift = shift;
  }

  /** Moves the entries whose first word is below `end` into the table; returns how many are new there. */
  moveBelow(end: number, table: Int32Array, rangeBits: number): number {
    let added = 0;
    for (;;) {
      if (this.#at === this.#block.length) {
        const { done, value } = this.#blocks.next();
        if (done) return added;
        this.#block = value;
        this.#at = 0;
      }
      const to = firstAbove(this.#block, this.#at, end);
      added += scatter(table, this.#block, this.#at, to, rangeBits, this.#shift);
      this.#at = to;
      if (to < this.#block.length) return added;
    }
  }
}

/** Where the first entry stands whose first word is not below `end`, else the end of the block. */
function firstAbove(block: Int32Array, from: number, end: number): number {
  let at = from;
  while (at < block.length && (block[at] as number) >>> 0 < end) at += ENTRY_WORDS;
  return at;
}

/** Adds entries whose ids are not in the table; the others stand earlier in the log. */
function scatter(
  table: Int32Array,
  entries: Int32Array,
  from: number,
  to: number,
  rangeBits: number,
  shift: number,
): number {
  const last = table.length - ENTRY_WORDS;
  let added = 0;
  for (let entry = from; entry < to; entry += ENTRY_WORDS) {
    const a = entries[entry] as number;
    const b = entries[entry + 1] as number;
    const c = entries[entry + 2] as number;
    const d = entries[entry + 3] as number;
    let at = ((a << rangeBits) >>> (32 - RANGE_TABLE_BITS)) * ENTRY_WORDS;
    while (
      table[at + 4] !== 0 &&
      (table[at] !== a || table[at + 1] !== b || table[at + 2] !== c || table[at + 3] !== d)
    ) {
      at += ENTRY_WORDS;
    }
    if (table[at + 4] !== 0) continue;
    if (at === last) throw new Error("Cannot merge runs: their ids are not spread evenly");
    table[at] = a;
    table[at + 1] = b;
    table[at + 2] = c;
    table[at + 3] = d;
    table[at + 4] = (entries[entry + 4] as number) + shift;
    added += 1;
  }
  return added;
}
