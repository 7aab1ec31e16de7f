/** The layout of a run, which README.md describes: sizes, places, and the header. Pure. */
import { BLOCK_WORDS, blocksFor } from "./id-filter.ts";
import { ENTRY_WORDS } from "./id-table.ts";

export const HEADER_BYTES = 4_096;
const FORMAT = 0x485a_0001;
/** Filter and directory have checksums of blocks of this size, and so have entries, in whole ones. */
export const BLOCK_BYTES = 65_536;
export const ENTRY_BYTES = ENTRY_WORDS * 4;
export const ENTRY_BLOCK_BYTES = Math.floor(BLOCK_BYTES / ENTRY_BYTES) * ENTRY_BYTES;
/** The filter of a run is asked only where the filter over all runs says "perhaps". */
const FILTER_BITS_EACH = 8;
/** Entries that share a place of the directory, when their ids are spread evenly. */
const DIRECTORY_ENTRIES = 16;

/** Where each part of a run begins, in bytes, and how large it is. */
export interface RunLayout {
  filterWords: number;
  directoryBits: number;
  directoryAt: number;
  directoryWords: number;
  entriesAt: number;
}

/** @param countMax the most entries that the run may get */
export function layoutFor(countMax: number): RunLayout {
  const filterWords = blocksFor(countMax, FILTER_BITS_EACH) * BLOCK_WORDS;
  const directoryBits = Math.max(4, Math.ceil(Math.log2(countMax / DIRECTORY_ENTRIES)));
  return layoutOf(filterWords, directoryBits);
}

function layoutOf(filterWords: number, directoryBits: number): RunLayout {
  const directoryAt = HEADER_BYTES + filterWords * 4;
  const directoryWords = 2 ** directoryBits + 1;
  return {
    filterWords,
    directoryBits,
    directoryAt,
    directoryWords,
    entriesAt: directoryAt + directoryWords * 4,
  };
}

/** What a manifest says of a run, to find it and to tell it from any other file. */
export interface RunInfo {
  file: string;
  /** The slice of time in which all its records were appended. */
  slice: number;
  /** Offset to which the distances are added. */
  first: number;
  /** Offset behind its last record. */
  next: number;
  count: number;
  /** Whether some of its entries are retractions. */
  retracts: boolean;
  bytes: number;
  /** Checksum of the header, which holds a checksum of all others. */
  checksum: number;
}

/** Writes the header without its own checksum. */
export function headerWords(
  layout: RunLayout,
  count: number,
  checksums: number,
  key: number,
): Int32Array {
  const header = new Int32Array(HEADER_BYTES / 4);
  header.set([FORMAT, layout.filterWords, layout.directoryBits, count, checksums, key]);
  return header;
}

/** Undefined when the words are no header of this format. */
export function parseHeader(
  header: Int32Array,
): { layout: RunLayout; count: number; checksums: number; key: number } | undefined {
  const [format, filterWords = 0, directoryBits = 0, count = 0, checksums = 0, key = 0] = header;
  if (format !== FORMAT) return undefined;
  return { layout: layoutOf(filterWords, directoryBits), count, checksums, key };
}
