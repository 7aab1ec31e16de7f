/**
 * The filter over all runs as a file, so that taking an index up does not have to read every entry. It
 * is optional: without it, or when it is damaged, the entries are read.
 */
import { closeSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, checksum } from "./checksum.ts";
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
      sum = (Math.imul(sum, 31) + checksum(piece)) | 0;
      writeAll(descriptor, piece, HEADER_BYTES + at);
      yield PIECE_ENTRIES;
    }
    const header = new Int32Array(HEADER_BYTES / 4);
    header.set([FORMAT, key, filter.length, sum]);
    new Float64Array(header.buffer, 16, 1)[0] = validTo;
    header[header.length - 1] = checksum(bytesOf(header).subarray(0, -4));
    writeAll(descriptor, bytesOf(header), 0);
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
    if (!readAll(descriptor, bytesOf(header), 0)) return undefined;
    if (header[header.length - 1] !== checksum(bytesOf(header).subarray(0, -4))) return undefined;
    const [format, ofKey, words = 0, expected] = header;
    if (format !== FORMAT || ofKey !== key) return undefined;
    const filter = newFilter(words / BLOCK_WORDS);
    const bytes = bytesOf(filter);
    if (!readAll(descriptor, bytes, HEADER_BYTES)) return undefined;
    let sum = 0;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      sum = (Math.imul(sum, 31) + checksum(bytes.subarray(at, at + PIECE_BYTES))) | 0;
    }
    if (sum !== expected) return undefined;
    return { filter, validTo: new Float64Array(header.buffer, 16, 1)[0] as number };
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

/** False when the file ends before. */
function readAll(descriptor: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const piece = Math.min(bytes.length - done, 2 ** 26);
    const read = readSync(descriptor, bytes, done, piece, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
