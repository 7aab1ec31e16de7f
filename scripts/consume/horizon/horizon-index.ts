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
import { EVENT, IdTable, type Kind, type MixedIds, NOTHING, RETRACTION } from "./id-table.ts";
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
  /**
   * The most entries of one id in a run: above it, the oldest are forgotten. @default {16}
   */
  entriesMax?: number;
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
  readonly #entriesMax: number;
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
  /** Whether an id may have several entries, of which the newest decides. */
  #retracts = false;

  /** @throws BrokenIndexError naming the file that is not what the manifest says */
  constructor(
    folder: string,
    manifest: Manifest,
    { tableBits = 17, fanout = 64, savedMin = 2 ** 20, entriesMax = 16 }: IndexSizes = {},
  ) {
    this.folder = folder;
    this.#manifest = manifest;
    this.#tableBits = tableBits;
    this.#fanout = fanout;
    this.#savedMin = savedMin;
    this.#entriesMax = entriesMax;
    this.#mixer = new IdMixer(manifest.key);
    this.#keySum = checksum(bytesOf(Int32Array.from(manifest.key)));
    this.#slices = new Slices(manifest.sliceMs, manifest.slice, manifest.starts);
    this.#next = manifest.validTo;
    this.#last = manifest.last;
    this.#active = this.#newTable();
    this.#runs = manifest.runs.map((info) => new Run(folder, info, this.#keySum));
    this.#filter = this.#openFilter();
    this.#noteRetractions();
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
   * Marks each record of the batch whose id stands below it in its horizon, and adds what is new to
   * the index.
   * @throws BrokenIndexError, TakenOverError, or an error of the disk
   */
  decide(batch: IdColumns, appendMs: number | undefined): void {
    if (batch.count === 0) return;
    const mixed = this.#mix(batch);
    const { count } = mixed;
    const oldest = this.#moveTo(mixed.offsets[0] as number, appendMs) - SLICES;
    mixed.seen.fill(0, 0, count);
    const added = this.#addedBefore(mixed);
    try {
      if (batch.retracts) this.#retract(mixed, added, oldest);
      else this.#decideEvents(mixed, added, oldest);
      this.#work.pump(count * WORK_PER_RECORD);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #decideEvents(batch: MixedIds, added: number, oldest: number): void {
    const { count, words, offsets, perhaps, seen } = batch;
    perhaps.fill(0, 0, count);
    this.#filter.ask(batch, perhaps);
    for (let index = 0; index < added; index++) this.#active.mark(batch, index);
    this.#add(batch, added);
    for (let at = perhaps.indexOf(1); at >= 0 && at < count; at = perhaps.indexOf(1, at + 1)) {
      if (seen[at] === 1) continue;
      const kind = this.#newestWritten(words, at * ID_WORDS, offsets[at] as number, oldest);
      if (kind === EVENT) seen[at] = 1;
    }
  }

  /** One by one, since each may change what stands for the next. */
  #retract(batch: MixedIds, added: number, oldest: number): void {
    const { count, words, offsets, seen } = batch;
    for (let index = 0; index < count; index++) {
      const word = index * ID_WORDS;
      const offset = offsets[index] as number;
      const isNew = index >= added;
      const isRepeat = batch.origin && this.#repeats(batch.origin, offset, isNew, oldest);
      if (!isRepeat && this.#newest(words, word, offset, oldest) === EVENT) {
        seen[index] = 1;
        if (isNew) this.#append(words, word, offset, RETRACTION);
      }
      if (isNew) this.#note(batch, index);
    }
  }

  /** Whether the same record was sent home before. */
  #repeats(origin: Int32Array, offset: number, isNew: boolean, oldest: number): boolean {
    const words = new Int32Array(ID_WORDS);
    this.#mixer.mix(origin, words, 1);
    const kind = this.#newest(words, 0, offset, oldest);
    if (isNew) this.#append(words, 0, offset, EVENT);
    return kind === EVENT;
  }

  #append(words: Int32Array, word: number, offset: number, kind: Kind): void {
    for (;;) {
      if (this.#active.count === 0) this.#active.base = offset;
      if (this.#active.append(words, word, offset, kind)) return;
      this.#seal();
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
  #mix({ words: unmixed, ...batch }: IdColumns): MixedIds {
    const words = this.#mixedWords;
    this.#mixer.mix(unmixed, words, batch.count);
    return { ...batch, words, perhaps: this.#perhaps };
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

  #add(batch: MixedIds, from: number): void {
    for (let at = from; at < batch.count; ) {
      if (this.#active.count === 0) this.#active.base = batch.offsets[at] as number;
      at = this.#active.add(batch, at);
      if (at > from) this.#note(batch, at - 1);
      if (at === batch.count) return;
      // The rest of the batch begins the next table, and has to be compared with this one.
      this.#seal();
      this.#filter.ask(batch, batch.perhaps);
    }
  }

  #note({ offsets, words }: IdColumns, index: number): void {
    const offset = offsets[index] as number;
    this.#next = offset + 1;
    const at = index * ID_WORDS;
    this.#last = { offset, words: Array.from(words.subarray(at, at + ID_WORDS)) };
  }

  /** What the newest entry of an id below an offset is, in slices from `oldest` on. */
  #newest(words: Int32Array, word: number, below: number, oldest: number): Kind {
    const kind = this.#active.newest(words, word, below);
    if (kind !== NOTHING || !this.#filter.mayHold(words, word)) return kind;
    return this.#newestWritten(words, word, below, oldest);
  }

  /** The same in tables that wait and in runs. */
  #newestWritten(words: Int32Array, word: number, below: number, oldest: number): Kind {
    for (let at = this.#sealed.length - 1; at >= 0; at--) {
      const { table, slice } = this.#sealed[at] as Sealed;
      if (slice < oldest) return NOTHING;
      const kind = table.newest(words, word, below);
      if (kind !== NOTHING) return kind;
    }
    const runs = this.#runs;
    for (let step = 0; step < runs.length; step++) {
      // Where any entry decides, the oldest runs come first: they are the largest.
      const run = runs[this.#retracts ? runs.length - 1 - step : step] as Run;
      if (run.info.slice < oldest) continue;
      const kind = run.newest(words, word, below);
      if (kind !== NOTHING) return kind;
    }
    return NOTHING;
  }

  #noteRetractions(): void {
    this.#retracts =
      this.#sealed.some(({ table }) => table.retracts) ||
      this.#runs.some(({ info }) => info.retracts);
  }

  #newTable(): IdTable {
    const table = this.#spare ?? new IdTable(this.#tableBits, this.#entriesMax);
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
    this.#noteRetractions();
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
    const validFrom = Math.max(this.#manifest.validFrom, table.validFrom);
    this.#publish(info, this.#runs.length, 0, { validTo: next, validFrom, slice, last });
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
    this.#noteRetractions();
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
    const validFrom = yield* mergeRuns(runs, writer, this.#entriesMax);
    const info = writer.finish(this.#keySum);
    // A power cut may tear a file that is not on the disk yet, and its records are read again. These
    // must not be millions, so the inputs stay until their merged run is safe.
    yield writer.sync();
    writer.close();
    // Runs that were written meanwhile stand behind these.
    this.#publish(info, this.#runs.indexOf(runs[0]!), runs.length, {
      validFrom: Math.max(this.#manifest.validFrom, validFrom),
    });
  }

  #dropOld(): void {
    const oldest = this.#oldestKept;
    const old = this.#runs.filter(({ info }) => info.slice < oldest);
    this.#runs = this.#runs.filter((run) => !old.includes(run));
    this.#noteRetractions();
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
