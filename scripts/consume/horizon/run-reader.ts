/**
 * A finished run, open for reading. Its filter and directory are mapped into memory where the runtime
 * can do that. Its entries are read when they are asked for: pages of a map would count as memory of
 * the process. A block's checksum is compared when the block is used for the first time. So opening
 * millions of ids takes no time, and no answer comes from a block that was damaged.
 */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { BrokenIndexError, bytesOf, checksum, isSealed } from "./checksum.ts";
import { readBytes } from "./file-bytes.ts";
import { mayHold } from "./id-filter.ts";
import { distanceOf, ENTRY_WORDS, type Kind, kindOf, NOTHING } from "./id-table.ts";
import {
  BLOCK_BYTES,
  ENTRY_BLOCK_BYTES,
  ENTRY_BYTES,
  HEADER_BYTES,
  parseHeader,
  type RunInfo,
  type RunLayout,
} from "./run-layout.ts";

const CAN_MAP = typeof Bun !== "undefined";
const ENTRIES_IN_BLOCK = ENTRY_BLOCK_BYTES / ENTRY_BYTES;
/** Holds the entries that were asked for last, of whichever run. */
const asked = new Int32Array(ENTRY_BLOCK_BYTES / 4);

export class Run {
  readonly info: RunInfo;
  /** Negative once it is closed. */
  #descriptor: number;
  readonly #layout: RunLayout;
  readonly #filter: Int32Array;
  readonly #directory: Int32Array;
  readonly #checksums: Int32Array;
  /** Which blocks have been compared with their checksum. */
  readonly #compared: Uint8Array;
  /** The number of the first block of entries among the checksums. */
  readonly #firstEntryBlock: number;

  /**
   * @param key checksum of the index's key, which decides where ids stand
   * @throws BrokenIndexError when the file is not the one that `info` describes
   */
  constructor(folder: string, info: RunInfo, key: number) {
    this.info = info;
    this.#descriptor = openRun(join(folder, info.file), info);
    try {
      const header = this.#read(0, HEADER_BYTES / 4);
      const parsed = parseHeader(header);
      if (
        !parsed ||
        !isSealed(header) ||
        header.at(-1) !== info.checksum ||
        parsed.count !== info.count ||
        parsed.key !== key
      ) {
        throw this.#broken("its header is not what the manifest says");
      }
      this.#layout = parsed.layout;
      const checksumsAt = parsed.layout.entriesAt + info.count * ENTRY_BYTES;
      this.#checksums = this.#read(checksumsAt, (info.bytes - checksumsAt) / 4);
      if (checksum(bytesOf(this.#checksums)) !== parsed.checksums) {
        throw this.#broken("its checksums are torn");
      }
      const { filterWords, directoryAt, directoryWords, entriesAt } = parsed.layout;
      const map = CAN_MAP
        ? mapped(join(folder, info.file), entriesAt)
        : this.#read(0, entriesAt / 4);
      this.#filter = map.subarray(HEADER_BYTES / 4, HEADER_BYTES / 4 + filterWords);
      this.#directory = map.subarray(directoryAt / 4, directoryAt / 4 + directoryWords);
      this.#compared = new Uint8Array(this.#checksums.length);
      this.#firstEntryBlock = this.#compareAll(this.#filter, 0);
      this.#firstEntryBlock = this.#compareAll(this.#directory, this.#firstEntryBlock);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  /**
   * What the newest entry of the id below an offset is, in this run.
   * @throws BrokenIndexError when the block that would hold it was damaged
   */
  newest(words: Int32Array, at: number, below: number): Kind {
    if (mayHold(this.#filter, words, at) === 0) return NOTHING;
    const a = words[at] as number;
    const distanceMax = below - this.info.first - 1;
    let kind: Kind = NOTHING;
    const place = a >>> (32 - this.#layout.directoryBits);
    const end = this.#directory[place + 1] as number;
    let entry = this.#directory[place] as number;
    while (entry < end) {
      const number = Math.floor(entry / ENTRIES_IN_BLOCK);
      const last = Math.min(end, (number + 1) * ENTRIES_IN_BLOCK);
      const found = newestIn(this.#entries(number, entry, last), words, at, distanceMax);
      if (found !== NOTHING) kind = found;
      entry = last;
    }
    return kind;
  }

  /**
   * All entries in order, a block at a time, each in the place of the one before.
   * @throws BrokenIndexError when a block was damaged
   */
  *blocks(): Generator<Int32Array> {
    const buffer = new Int32Array(ENTRY_BLOCK_BYTES / 4);
    for (let number = 0; number * ENTRIES_IN_BLOCK < this.info.count; number++) {
      yield this.#readBlock(number, buffer);
    }
  }

  close(): void {
    // Closed twice, it might be another file's by then.
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Entries of one block, from one up to another. */
  #entries(number: number, from: number, to: number): Int32Array {
    const { at, index } = this.#placeOf(number);
    const first = (from - number * ENTRIES_IN_BLOCK) * ENTRY_WORDS;
    const length = (to - from) * ENTRY_WORDS;
    if (this.#compared[index] === 0) {
      return this.#readBlock(number, asked).subarray(first, first + length);
    }
    const entries = asked.subarray(0, length);
    this.#fill(entries, at + first * 4);
    return entries;
  }

  #readBlock(number: number, buffer: Int32Array): Int32Array {
    const { at, words, index } = this.#placeOf(number);
    const block = buffer.subarray(0, words);
    this.#fill(block, at);
    if (this.#compared[index] === 0) this.#compare(block, index);
    return block;
  }

  /** Where a block of entries stands, and its number among the checksums. */
  #placeOf(number: number): { at: number; words: number; index: number } {
    const count = Math.min(ENTRIES_IN_BLOCK, this.info.count - number * ENTRIES_IN_BLOCK);
    return {
      at: this.#layout.entriesAt + number * ENTRY_BLOCK_BYTES,
      words: count * ENTRY_WORDS,
      index: this.#firstEntryBlock + number,
    };
  }

  /** Compares a part with its checksums, of which the first is `index`; returns the next index. */
  #compareAll(part: Int32Array, index: number): number {
    const words = BLOCK_BYTES / 4;
    let next = index;
    for (let at = 0; at < part.length; at += words) {
      this.#compare(part.subarray(at, at + words), next++);
    }
    return next;
  }

  #compare(block: Int32Array, index: number): void {
    if (checksum(bytesOf(block)) !== this.#checksums[index]) {
      throw this.#broken("a block is damaged");
    }
    this.#compared[index] = 1;
  }

  #read(at: number, words: number): Int32Array {
    if (!Number.isInteger(words) || words < 0 || at + words * 4 > this.info.bytes) {
      throw this.#broken("it is too short");
    }
    const part = new Int32Array(words);
    this.#fill(part, at);
    return part;
  }

  #fill(part: Int32Array, at: number): void {
    if (!readBytes(this.#descriptor, bytesOf(part), at)) throw this.#broken("it is too short");
  }

  #broken(why: string): BrokenIndexError {
    const { file } = this.info;
    return new BrokenIndexError(`${file}: ${why}`, { file });
  }
}

function openRun(path: string, { file }: RunInfo): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new BrokenIndexError(`${file} cannot be opened`, { cause: error, file });
  }
}

/** The beginning of a file. It stays readable until nothing holds it any more. */
function mapped(path: string, size: number): Int32Array {
  const bytes = Bun.mmap(path, { shared: true, size });
  return new Int32Array(bytes.buffer, bytes.byteOffset, size / 4);
}

/** What the last entry of the id is, among entries up to a distance. */
function newestIn(entries: Int32Array, words: Int32Array, word: number, distanceMax: number): Kind {
  const a = words[word] as number;
  const b = words[word + 1] as number;
  const c = words[word + 2] as number;
  const d = words[word + 3] as number;
  let kind: Kind = NOTHING;
  for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
    if (
      entries[at] === a &&
      entries[at + 1] === b &&
      entries[at + 2] === c &&
      entries[at + 3] === d
    ) {
      const last = entries[at + 4] as number;
      if (distanceOf(last) <= distanceMax) kind = kindOf(last);
    }
  }
  return kind;
}
