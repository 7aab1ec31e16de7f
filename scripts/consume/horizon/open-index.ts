/**
 * Takes the index of a partition over from the process that had it, or begins an empty one. Taking over
 * renames the folder. A process that still writes into it finds no path any more, and of two that take
 * it, one wins.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { BrokenIndexError } from "./checksum.ts";
import { HorizonIndex, type IndexSizes } from "./horizon-index.ts";
import { type Manifest, readManifest, writeManifest } from "./manifest.ts";
import { sliceMsOf } from "./slices.ts";

export interface IndexPlace {
  /** The folder that holds the indexes of all partitions. */
  folder: string;
  topicId: string;
  partition: number;
  horizonMs: number;
}

export interface LogRange {
  logStart: number;
  logEnd: number;
  /** The next offset to be counted. */
  countFrom: number;
  /** Where an empty index begins. @default {logStart} */
  begin?: number;
}

export interface OpenedIndex {
  index: HorizonIndex;
  /** Why an index that was there is of no use, so that an empty one was begun. */
  discarded?: string;
}

export function openIndex(place: IndexPlace, range: LogRange, sizes?: IndexSizes): OpenedIndex {
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const prefix = `${place.topicId}-${place.partition}-`;
  const newFolder = () => join(place.folder, prefix + randomBytes(6).toString("hex"));
  let discarded: string | undefined;
  let best: HorizonIndex | undefined;
  for (const name of readdirSync(place.folder).filter((name) => name.startsWith(prefix))) {
    const folder = newFolder();
    if (!tookOver(join(place.folder, name), folder)) continue;
    try {
      const index = takeUp(folder, place, range, sizes);
      // There are two when two processes began one at the same time.
      const other = best && best.validTo >= index.validTo ? index : best;
      if (other !== index) best = index;
      other?.remove();
    } catch (error) {
      if (!(error instanceof BrokenIndexError)) throw error;
      discarded = error.message;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (best) return { index: best };
  const folder = newFolder();
  mkdirSync(folder, { mode: 0o700 });
  const manifest = emptyManifest(place, range);
  writeManifest(folder, manifest);
  const index = new HorizonIndex(folder, manifest, sizes);
  return { index, ...(discarded !== undefined && { discarded }) };
}

/** False when somebody else was first. */
function tookOver(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function takeUp(
  folder: string,
  { topicId, partition, horizonMs }: IndexPlace,
  { logStart, logEnd, countFrom }: LogRange,
  sizes: IndexSizes | undefined,
): HorizonIndex {
  let manifest = readManifest(folder);
  if (manifest.topicId !== topicId || manifest.partition !== partition) {
    throw new BrokenIndexError("it is of another topic");
  }
  if (manifest.sliceMs !== sliceMsOf(horizonMs)) {
    throw new BrokenIndexError("the horizon was changed");
  }
  if (manifest.validTo > logEnd) {
    throw new BrokenIndexError("the log ends before what it holds");
  }
  if (Math.max(countFrom, logStart) < manifest.validFrom) {
    throw new BrokenIndexError("counting stands before what it holds");
  }
  for (;;) {
    try {
      const index = new HorizonIndex(folder, manifest, sizes);
      removeUnnamed(folder, manifest);
      return index;
    } catch (error) {
      if (!(error instanceof BrokenIndexError)) throw error;
      manifest = withoutRunsFrom(manifest, error);
    }
  }
}

/** Runs stand in the order of the log, so those before a damaged one hold all that was before it. */
function withoutRunsFrom(manifest: Manifest, error: BrokenIndexError): Manifest {
  const at = manifest.runs.findIndex(({ file }) => file === error.file);
  if (at < 0) throw error;
  const validTo = (manifest.runs[at] as Manifest["runs"][number]).first;
  const starts = manifest.starts.filter(({ offset }) => offset < validTo);
  const { last: _gone, ...rest } = manifest;
  const slice = starts.at(-1)?.slice ?? -1;
  return { ...rest, validTo, slice, starts, runs: manifest.runs.slice(0, at) };
}

const emptyManifest = (
  { topicId, partition, horizonMs }: IndexPlace,
  { logStart, begin = logStart }: LogRange,
): Manifest => ({
  format: 2,
  topicId,
  partition,
  key: newKey(),
  sliceMs: sliceMsOf(horizonMs),
  validTo: begin,
  slice: -1,
  validFrom: begin,
  starts: [],
  runs: [],
});

/** Deletes files that the manifest does not name: what a killed process was writing. */
function removeUnnamed(folder: string, { runs }: Manifest): void {
  const named = new Set(["manifest", "filter", ...runs.map(({ file }) => file)]);
  for (const file of readdirSync(folder)) {
    if (!named.has(file)) unlinkSync(join(folder, file));
  }
}

const newKey = (): number[] => [...new Int32Array(new Uint8Array(randomBytes(16)).buffer)];
