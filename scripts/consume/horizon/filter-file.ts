/**
 * The filter over all runs as a file, so that taking an index up does not have to read every entry. It
 * is optional: without it, or when it is damaged, the entries are read.
 */
import { closeSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, checksum, isSealed, sealHeader } from "./checksum.ts";
import { readBytes, writeBytes } from "./file-bytes.ts";
import { BLOCK_WORDS, newFilter } from "./id-filter.ts";

const NAME = "filter";
const FORMAT = 0x485a_0101;
const HEADER_BYTES = 64;
const PIECE_BYTES = 1_048_576;
/** A piece costs about as much time as this number of entries. */
const PIECE_ENTRIES = 8_192;

/**
 * Writes the filter in steps. Bits that are set meanwhile may or may not be in the file.
 * @param validTo offset up to which the filter has every id
 * @param key checksum of the index's key
 */
export function* saveFilter(
  folder: string,
  filter: Int32Array,
  validTo: number,
  key: number,
): Generator<number> {
  const path = join(folder, `${NAME}.new`);
  const descriptor = openSync(path, "w");
  try {
    const bytes = bytesOf(filter);
    let sum = 0;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      // A copy, so that the checksum is of what is written.
      const piece = bytes.slice(at, at + PIECE_BYTES);
      sum = checksum(piece, sum);
      writeBytes(descriptor, piece, HEADER_BYTES + at);
      yield PIECE_ENTRIES;
    }
    const header = new Int32Array(HEADER_BYTES / 4);
    header.set([FORMAT, key, filter.length, sum]);
    new Float64Array(header.buffer, 16, 1)[0] = validTo;
    sealHeader(header);
    writeBytes(descriptor, bytesOf(header), 0);
  } finally {
    closeSync(descriptor);
  }
  renameSync(path, join(folder, NAME));
}

/** Undefined when there is none that is whole and of this key. */
export function loadFilter(
  folder: string,
  key: number,
): { filter: Int32Array; validTo: number } | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(join(folder, NAME), "r");
  } catch {
    return undefined;
  }
  try {
    const header = new Int32Array(HEADER_BYTES / 4);
    if (!readBytes(descriptor, bytesOf(header), 0)) return undefined;
    if (!isSealed(header)) return undefined;
    const [format, ofKey, words = 0, expected] = header;
    if (format !== FORMAT || ofKey !== key) return undefined;
    const filter = newFilter(words / BLOCK_WORDS);
    const bytes = bytesOf(filter);
    if (!readBytes(descriptor, bytes, HEADER_BYTES)) return undefined;
    if (checksum(bytes) !== expected) return undefined;
    return { filter, validTo: new Float64Array(header.buffer, 16, 1)[0] as number };
  } finally {
    closeSync(descriptor);
  }
}
