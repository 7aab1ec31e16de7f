/**
 * Merges runs of one slice into one, in steps. An id keeps the entries that change whether it stands.
 * Entries are gathered by ranges of their first word. Each range fits a small table in memory, which
 * puts them in order.
 */
import { sum } from "../../lib/sum.ts";
import { ENTRY_WORDS, kindOf, PLACES_BEHIND, replaceOldest, sortClusters } from "./id-table.ts";
import type { Run } from "./run-reader.ts";
import type { RunWriter } from "./run-writer.ts";

/** A table of a range is half full on average. */
const RANGE_TABLE_BITS = 14;
const RANGE_ENTRIES = 2 ** (RANGE_TABLE_BITS - 1);

/**
 * Writes the entries of `runs`, which follow each other in the log, oldest first. Yields the number
 * of entries that each step has handled. Returns the offset from which on the merged run answers as
 * its inputs did.
 * @param entriesMax the most entries of one id
 * @throws BrokenIndexError when a run is damaged
 */
export function* mergeRuns(
  runs: readonly Run[],
  writer: RunWriter,
  entriesMax: number,
): Generator<number, number> {
  const total = sum(runs.map(({ info }) => info.count));
  const rangeBits = Math.max(0, Math.ceil(Math.log2(total / RANGE_ENTRIES)));
  const first = (runs[0] as Run).info.first;
  const streams = runs.map((run) => new Stream(run, run.info.first - first));
  const table = new RangeTable(rangeBits, entriesMax);
  for (let range = 1; range <= 2 ** rangeBits; range++) {
    const end = range * 2 ** (32 - rangeBits);
    let count = 0;
    for (const stream of streams) count += stream.moveBelow(end, table);
    sortClusters(table.slots);
    writer.push(table.slots, 0, count);
    table.slots.fill(0);
    yield count + 1;
  }
  return first + table.validFrom;
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
  moveBelow(end: number, table: RangeTable): number {
    let added = 0;
    for (;;) {
      if (this.#at === this.#block.length) {
        const { done, value } = this.#blocks.next();
        if (done) return added;
        this.#block = value;
        this.#at = 0;
      }
      const to = firstAbove(this.#block, this.#at, end);
      added += scatter(table, this.#block, this.#at, to, this.#shift);
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

/** The entries of a range of ids. */
class RangeTable {
  readonly slots = new Int32Array((2 ** RANGE_TABLE_BITS + PLACES_BEHIND) * ENTRY_WORDS);
  /** Below this distance the table may give wrong answers, since entries were forgotten. */
  validFrom = Number.NEGATIVE_INFINITY;
  readonly rangeBits: number;
  readonly entriesMax: number;

  constructor(rangeBits: number, entriesMax: number) {
    this.rangeBits = rangeBits;
    this.entriesMax = entriesMax;
  }
}

/** Adds entries, but none that says the same as the one before it; returns how many are new. */
function scatter(
  table: RangeTable,
  entries: Int32Array,
  from: number,
  to: number,
  shift: number,
): number {
  const { slots, rangeBits } = table;
  const end = slots.length - ENTRY_WORDS;
  let added = 0;
  for (let entry = from; entry < to; entry += ENTRY_WORDS) {
    const a = entries[entry] as number;
    const b = entries[entry + 1] as number;
    const c = entries[entry + 2] as number;
    const d = entries[entry + 3] as number;
    const last = (entries[entry + 4] as number) + shift;
    const start = ((a << rangeBits) >>> (32 - RANGE_TABLE_BITS)) * ENTRY_WORDS;
    let at = start;
    let newest = 0;
    let sameId = 0;
    for (; slots[at + 4] !== 0; at += ENTRY_WORDS) {
      if (slots[at] !== a || slots[at + 1] !== b || slots[at + 2] !== c || slots[at + 3] !== d) {
        continue;
      }
      newest = slots[at + 4] as number;
      sameId += 1;
    }
    if (newest !== 0 && kindOf(newest) === kindOf(last)) continue;
    if (sameId >= table.entriesMax) {
      const validFrom = replaceOldest(slots, start, entries, entry, last);
      table.validFrom = Math.max(table.validFrom, validFrom);
      continue;
    }
    if (at === end) throw new Error("Cannot merge runs: their ids are not spread evenly");
    slots[at] = a;
    slots[at + 1] = b;
    slots[at + 2] = c;
    slots[at + 3] = d;
    slots[at + 4] = last;
    added += 1;
  }
  return added;
}
