/**
 * Which ids stand in the log of one partition, and where: an index on disk that is derived from the
 * log, see README.md. The ids of the last records are in a table in memory. A full table becomes a
 * run, a sorted file that never changes again. Small runs are merged into larger ones.
 */
import { existsSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { sum } from "../../lib/sum.ts";
import { BrokenIndexError, bytesOf, checksum } from "./checksum.ts";
import { CommonFilter } from "./common-filter.ts";
import { loadFilter, saveFilter } from "./filter-file.ts";
import { type DuplicateFinder, ID_WORDS, IdBatch, type IdColumns } from "./id-batch.ts";
import { IdMixer } from "./id-mixer.ts";
import { IdTable } from "./id-table.ts";
import { type Manifest, writeManifest } from "./manifest.ts";
import { mergeRuns } from "./merge-runs.ts";
import { planMerge } from "./plan-merge.ts";
import type { RunInfo } from "./run-layout.ts";
import { Run } from "./run-reader.ts";
import { RunWriter } from "./run-writer.ts";
import { SLICES, Slices } from "./slices.ts";
import { WorkQueue } from "./work-queue.ts";

export interface IndexSizes {
  /** The table in memory has 2^tableBits places. @default {17} */
  tableBits?: number;
  /** As many runs become one. @default {64} */
  fanout?: number;
  /** With fewer new entries the filter is not saved again. @default {1048576} */
  savedMin?: number;
}

/** Entries of work for each record that is read: enough for all merges of a growing index. */
const WORK_PER_RECORD = 8;
/** With this number of tables that are not written yet, reading waits. */
const SEALED_MAX = 4;
/** A table is written in steps of this number of entries. */
const STEP_ENTRIES = 2_048;
/** The filter is saved when the runs have got this share of new entries. */
const SAVED_SHARE = 1 / 8;

/** Another process has taken the index over. What this one adds is of no use any more. */
export class TakenOverError extends Error {
  override name = "TakenOverError";
}

/** A full table that waits to be written. */
interface Sealed {
  table: IdTable;
  slice: number;
  next: number;
  last: Manifest["last"];
}

export class HorizonIndex implements DuplicateFinder {
  readonly folder: string;
  readonly #mixer: IdMixer;
  readonly #mixedWords = new Int32Array(IdBatch.SIZE * ID_WORDS);
  readonly #manifest: Manifest;
  readonly #keySum: number;
  readonly #tableBits: number;
  readonly #fanout: number;
  readonly #savedMin: number;
  readonly #slices: Slices;
  readonly #perhaps = new Uint8Array(IdBatch.SIZE);
  readonly #work = new WorkQueue(() => this.#plan());
  #runs: Run[];
  #filter: CommonFilter;
  #active: IdTable;
  #sealed: Sealed[] = [];
  #spare: IdTable | undefined;
  /** Offset behind everything that was added. */
  #next: number;
  #last: Manifest["last"];
  /** Entries that runs have got since the filter was saved. */
  #unsaved = 0;
  #isClosed = false;

  /** @throws BrokenIndexError naming the file that is not what the manifest says */
  constructor(
    folder: string,
    manifest: Manifest,
    { tableBits = 17, fanout = 64, savedMin = 2 ** 20 }: IndexSizes = {},
  ) {
    this.folder = folder;
    this.#manifest = manifest;
    this.#tableBits = tableBits;
    this.#fanout = fanout;
    this.#savedMin = savedMin;
    this.#mixer = new IdMixer(manifest.key);
    this.#keySum = checksum(bytesOf(Int32Array.from(manifest.key)));
    this.#slices = new Slices(manifest.sliceMs, manifest.slice, manifest.starts);
    this.#next = manifest.validTo;
    this.#last = manifest.last;
    this.#active = this.#newTable();
    this.#runs = manifest.runs.map((info) => new Run(folder, info, this.#keySum));
    this.#filter = this.#openFilter();
  }

  /** The index holds everything below this offset, also after a crash. */
  get validTo(): number {
    return this.#manifest.validTo;
  }

  /** The last record that the index must find again in the log, with its mixed id. */
  get last(): Manifest["last"] {
    return this.#manifest.last;
  }

  get ids(): number {
    return (
      this.#writtenIds + this.#active.count + sum(this.#sealed.map(({ table }) => table.count))
    );
  }

  get #writtenIds(): number {
    return sum(this.#runs.map(({ info }) => info.count));
  }

  get bytes(): number {
    return sum(this.#runs.map(({ info }) => info.bytes));
  }

  /**
   * Marks each record of the batch whose id stands below it in its horizon, and adds those that are
   * new to the index.
   * @throws BrokenIndexError, TakenOverError, or an error of the disk
   */
  decide(batch: IdColumns, appendMs: number | undefined): void {
    if (batch.count === 0) return;
    const mixed = this.#mix(batch);
    const { count, seen } = mixed;
    const oldest = this.#moveTo(mixed.offsets[0] as number, appendMs) - SLICES;
    const perhaps = this.#perhaps;
    perhaps.fill(0, 0, count);
    seen.fill(0, 0, count);
    this.#filter.ask(mixed, perhaps);
    const added = this.#addedBefore(mixed);
    markIn(this.#active, mixed, 0, added);
    this.#add(mixed, added);
    try {
      for (let at = perhaps.indexOf(1); at >= 0 && at < count; at = perhaps.indexOf(1, at + 1)) {
        if (seen[at] === 0) seen[at] = this.#stands(mixed, at, oldest);
      }
      this.#work.pump(count * WORK_PER_RECORD);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /**
   * Compares the record that stands in the log at the offset of `last` with the one that was added. A
   * log that was cut and has grown again holds another one there.
   * @throws BrokenIndexError after deleting the index
   */
  checkLast(batch: IdColumns): void {
    const { words } = this.#mix(batch);
    const isSame = this.last?.words.every((word, step) => words[step] === word);
    if (batch.count === 1 && isSame) return;
    this.remove();
    throw new BrokenIndexError("the log holds another record where the index ends");
  }

  /** The same records, with mixed ids. */
  #mix(batch: IdColumns): IdColumns {
    const words = this.#mixedWords;
    this.#mixer.mix(batch.words, words, batch.count);
    return { count: batch.count, words, offsets: batch.offsets, seen: batch.seen };
  }

  /** Everything below `offset` has been read, whether or not it had an id. */
  passed(offset: number): void {
    this.#next = Math.max(this.#next, offset);
  }

  caughtUp(): Promise<void> | undefined {
    if (this.#sealed.length < SEALED_MAX) return undefined;
    return this.#workWhile(() => this.#sealed.length >= SEALED_MAX);
  }

  /** Writes what is in memory, so that the next process reads nothing again. */
  flush(): Promise<void> {
    if (this.#active.count > 0) this.#seal();
    return this.#workWhile(() => this.#sealed.length > 0);
  }

  /** Resolves when everything is written and merged. */
  settled(): Promise<void> {
    return this.#workWhile(() => !this.#work.isEmpty);
  }

  async #workWhile(isNeeded: () => boolean): Promise<void> {
    try {
      while (isNeeded() && !this.#isClosed) await this.#work.turn();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Ends all work. What is in memory is read again from the log. */
  close(): void {
    this.#isClosed = true;
    for (const run of this.#runs) run.close();
  }

  remove(): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The slice of a batch that begins at `first`. A new slice begins with an empty table. */
  #moveTo(first: number, appendMs: number | undefined): number {
    if (first < this.#next) return this.#slices.of(first);
    const slice = this.#slices.next(appendMs);
    if (slice === this.#slices.current) return slice;
    if (this.#active.count > 0) this.#seal();
    this.#slices.begin(slice, first);
    return slice;
  }

  /** How many records of the batch stand in the index already, since they are read again. */
  #addedBefore({ offsets, count }: IdColumns): number {
    if ((offsets[0] as number) >= this.#next) return 0;
    let added = 0;
    while (added < count && (offsets[added] as number) < this.#next) added += 1;
    return added;
  }

  #add(batch: IdColumns, from: number): void {
    for (let at = from; at < batch.count; ) {
      if (this.#active.count === 0) this.#active.base = batch.offsets[at] as number;
      at = this.#active.add(batch, at);
      if (at > from) this.#note(batch, at - 1);
      if (at === batch.count) return;
      // The rest of the batch begins the next table, and has to be compared with this one.
      this.#seal();
      markIn((this.#sealed.at(-1) as Sealed).table, batch, at, batch.count);
    }
  }

  #note({ offsets, words }: IdColumns, index: number): void {
    const offset = offsets[index] as number;
    this.#next = offset + 1;
    const at = index * ID_WORDS;
    this.#last = { offset, words: Array.from(words.subarray(at, at + ID_WORDS)) };
  }

  #stands({ offsets, words }: IdColumns, index: number, oldest: number): 0 | 1 {
    const offset = offsets[index] as number;
    for (const { table, slice } of this.#sealed) {
      if (slice < oldest) continue;
      const found = table.find(words, index * ID_WORDS);
      if (found < offset) return 1;
    }
    for (const run of this.#runs) {
      if (run.info.slice < oldest) continue;
      const found = run.find(words, index * ID_WORDS);
      if (found < offset) return 1;
    }
    return 0;
  }

  #newTable(): IdTable {
    const table = this.#spare ?? new IdTable(this.#tableBits);
    this.#spare = undefined;
    return table;
  }

  /**
   * The table becomes a run, and an empty one takes its place. It is in the filter at once, so that
   * only ids that stand there are looked up in it.
   */
  #seal(): void {
    const sealed: Sealed = {
      table: this.#active,
      slice: this.#slices.current,
      next: this.#next,
      last: this.#last,
    };
    sealed.table.sort();
    this.#filter.add(sealed.table.slots, sealed.table.count);
    this.#sealed.push(sealed);
    this.#active = this.#newTable();
    // The oldest has to be written first: each moves the end of what the manifest promises.
    if (this.#sealed.length === 1) this.#work.push(this.#write(sealed));
  }

  *#write(sealed: Sealed): Generator<number | Promise<void>, void> {
    const { table, slice, next, last } = sealed;
    const writer = new RunWriter(this.folder, { slice, first: table.base, next }, table.count);
    for (let at = 0, left = table.count; left > 0; left -= STEP_ENTRIES) {
      at = writer.push(table.slots, at, Math.min(left, STEP_ENTRIES));
      yield STEP_ENTRIES;
    }
    const info = writer.finish(this.#keySum);
    writer.close();
    this.#publish(info, this.#runs.length, 0, { validTo: next, slice, last });
    this.#unsaved += table.count;
    this.#sealed.shift();
    table.clear();
    this.#spare = table;
    const [following] = this.#sealed;
    if (following) this.#work.push(this.#write(following));
  }

  /** Puts a run in the place of `replaced` runs. */
  #publish(info: RunInfo, at: number, replaced: number, change: Partial<Manifest>): void {
    const run = new Run(this.folder, info, this.#keySum);
    const old = this.#runs.splice(at, replaced, run);
    Object.assign(this.#manifest, change);
    this.#noteManifest();
    for (const run of old) this.#remove(run);
  }

  #noteManifest(): void {
    const manifest = this.#manifest;
    manifest.runs = this.#runs.map(({ info }) => info);
    manifest.starts = this.#slices.startsBelow(manifest.validTo, this.#oldestKept);
    writeManifest(this.folder, manifest);
  }

  #remove(run: Run): void {
    run.close();
    unlinkSync(join(this.folder, run.info.file));
  }

  /** One slice more than the horizon needs, for a database that stands behind the index. */
  get #oldestKept(): number {
    return this.#manifest.slice - SLICES - 1;
  }

  /** Begins what the runs call for. */
  #plan(): void {
    if (!this.#work.isEmpty) return;
    if (this.#runs.some(({ info }) => info.slice < this.#oldestKept)) {
      this.#dropOld();
    }
    if (this.#filter.isFull) {
      this.#work.push(this.#filter.grow(this.#allEntries()));
    } else if (this.#unsaved > Math.max(this.#savedMin, this.ids * SAVED_SHARE)) {
      this.#unsaved = 0;
      this.#work.push(saveFilter(this.folder, this.#filter.words, this.validTo, this.#keySum));
    } else {
      this.#planMerge();
    }
  }

  #planMerge(): void {
    const infos = this.#runs.map(({ info }) => info);
    const plan = planMerge(infos, this.#slices.current, {
      fanout: this.#fanout,
      smallMax: 2 ** this.#tableBits,
    });
    if (plan) this.#work.push(this.#merge(plan.from, plan.to));
  }

  *#merge(from: number, to: number): Generator<number | Promise<void>, void> {
    const runs = this.#runs.slice(from, to);
    const [oldest, newest] = [runs[0]!.info, runs.at(-1)!.info];
    const total = sum(runs.map(({ info }) => info.count));
    const { slice, first } = oldest;
    const writer = new RunWriter(this.folder, { slice, first, next: newest.next }, total);
    yield* mergeRuns(runs, writer);
    const info = writer.finish(this.#keySum);
    // A power cut may tear a file that is not on the disk yet, and its records are read again. These
    // must not be millions, so the inputs stay until their merged run is safe.
    yield writer.sync();
    writer.close();
    // Runs that were written meanwhile stand behind these.
    this.#publish(info, this.#runs.indexOf(runs[0]!), runs.length, {});
  }

  #dropOld(): void {
    const oldest = this.#oldestKept;
    const old = this.#runs.filter(({ info }) => info.slice < oldest);
    this.#runs = this.#runs.filter((run) => !old.includes(run));
    const manifest = this.#manifest;
    const from = this.#slices.startOf(oldest + SLICES) ?? this.#next;
    manifest.validFrom = Math.max(manifest.validFrom, from);
    this.#slices.forget(oldest);
    this.#noteManifest();
    for (const run of old) this.#remove(run);
  }

  /** Entries of runs and of tables that are not written yet, some at a time. */
  *#allEntries(): Generator<Int32Array> {
    for (const { table } of [...this.#sealed]) yield table.slots;
    for (const run of [...this.#runs]) yield* run.blocks();
  }

  #openFilter(): CommonFilter {
    const ids = this.#writtenIds;
    const saved = loadFilter(this.folder, this.#keySum);
    const filter = saved ? CommonFilter.of(saved.filter, ids) : CommonFilter.forIds(ids);
    for (const run of this.#runs) {
      if (saved && run.info.next <= saved.validTo) continue;
      for (const entries of run.blocks()) filter.add(entries, 0);
      this.#unsaved += run.info.count;
    }
    return filter;
  }

  #explained(error: unknown): unknown {
    if (!existsSync(this.folder)) {
      return new TakenOverError("Another consumer has taken the index over", { cause: error });
    }
    // Without the file, the next one that takes the index up reads its records again.
    if (error instanceof BrokenIndexError && error.file) rmSync(join(this.folder, error.file));
    return error;
  }
}

/** Marks the records from `from` up to `to` whose id stands in the table at a lower offset. */
function markIn(table: IdTable, { offsets, words, seen }: IdColumns, from: number, to: number) {
  for (let index = from; index < to; index++) {
    if (table.find(words, index * ID_WORDS) < (offsets[index] as number)) seen[index] = 1;
  }
}
