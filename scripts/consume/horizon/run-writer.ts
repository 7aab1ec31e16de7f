/** Writes a run from entries that come in the order of their first word, in one pass. */
import { randomBytes } from "node:crypto";
import { closeSync, fsync, openSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bytesOf, checksum, sealHeader } from "./checksum.ts";
import { writeBytes } from "./file-bytes.ts";
import { addEntries } from "./id-filter.ts";
import { ENTRY_WORDS } from "./id-table.ts";
import {
  BLOCK_BYTES,
  ENTRY_BLOCK_BYTES,
  HEADER_BYTES,
  headerWords,
  layoutFor,
  type RunInfo,
  type RunLayout,
} from "./run-layout.ts";

export class RunWriter {
  readonly path: string;
  readonly #file: string;
  readonly #info: Pick<RunInfo, "slice" | "first" | "next">;
  readonly #layout: RunLayout;
  readonly #descriptor: number;
  /** The whole filter; it is filled at places that come in order, but not one by one. */
  readonly #filter: Int32Array;
  readonly #directory: Int32Array;
  readonly #entries = new Int32Array(ENTRY_BLOCK_BYTES / 4);
  readonly #entryChecksums: number[] = [];
  #entriesAt: number;
  #inBlock = 0;
  #directoryNext = 0;
  /** Last words of all entries: negative when one of them is. */
  #lastWords = 0;
  count = 0;

  /** @throws Error of the file system, also when `folder` was renamed */
  constructor(folder: string, info: Pick<RunInfo, "slice" | "first" | "next">, countMax: number) {
    this.#info = info;
    this.#layout = layoutFor(countMax);
    this.#file = `${info.first}-${info.next}-${randomBytes(4).toString("hex")}.run`;
    this.path = join(folder, this.#file);
    this.#descriptor = openSync(this.path, "wx");
    this.#filter = new Int32Array(this.#layout.filterWords);
    this.#directory = new Int32Array(this.#layout.directoryWords);
    this.#entriesAt = this.#layout.entriesAt;
  }

  /**
   * Takes `count` entries of a sorted table, whose places from `from` on may be empty. Returns the
   * place behind the last one.
   */
  push(slots: Int32Array, from: number, count: number): number {
    const shift = 32 - this.#layout.directoryBits;
    const target = this.#entries;
    let inBlock = this.#inBlock;
    let number = this.count;
    let directoryNext = this.#directoryNext;
    let lastWords = this.#lastWords;
    let at = from;
    for (let left = count; left > 0; at += ENTRY_WORDS) {
      if (slots[at + 4] === 0) continue;
      left -= 1;
      const first = slots[at] as number;
      for (const place = first >>> shift; directoryNext <= place; directoryNext++) {
        this.#directory[directoryNext] = number;
      }
      target[inBlock] = first;
      target[inBlock + 1] = slots[at + 1] as number;
      target[inBlock + 2] = slots[at + 2] as number;
      target[inBlock + 3] = slots[at + 3] as number;
      target[inBlock + 4] = slots[at + 4] as number;
      lastWords |= slots[at + 4] as number;
      inBlock += ENTRY_WORDS;
      number += 1;
      if (inBlock === target.length) {
        this.#flush(inBlock);
        inBlock = 0;
      }
    }
    this.#inBlock = inBlock;
    this.count = number;
    this.#directoryNext = directoryNext;
    this.#lastWords = lastWords;
    return at;
  }

  /** Writes what is left, and the header. The file is complete, but it may not be on the disk. */
  finish(key: number): RunInfo {
    if (this.#inBlock > 0) this.#flush(this.#inBlock);
    this.#directory.fill(this.count, this.#directoryNext);
    writeBytes(this.#descriptor, bytesOf(this.#filter), HEADER_BYTES);
    writeBytes(this.#descriptor, bytesOf(this.#directory), this.#layout.directoryAt);
    const checksums = Int32Array.from([
      ...checksumsOf(this.#filter),
      ...checksumsOf(this.#directory),
      ...this.#entryChecksums,
    ]);
    writeBytes(this.#descriptor, bytesOf(checksums), this.#entriesAt);
    const header = headerWords(this.#layout, this.count, checksum(bytesOf(checksums)), key);
    const sum = sealHeader(header);
    writeBytes(this.#descriptor, bytesOf(header), 0);
    return {
      ...this.#info,
      file: this.#file,
      count: this.count,
      retracts: this.#lastWords < 0,
      bytes: this.#entriesAt + checksums.byteLength,
      checksum: sum,
    };
  }

  /** Resolves when the file is on the disk; the thread does not wait for it. */
  sync(): Promise<void> {
    return promisify(fsync)(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #flush(words: number): void {
    addEntries(this.#filter, this.#entries, 0, words);
    const bytes = bytesOf(this.#entries).subarray(0, words * 4);
    this.#entryChecksums.push(checksum(bytes));
    writeBytes(this.#descriptor, bytes, this.#entriesAt);
    this.#entriesAt += bytes.length;
  }
}

function checksumsOf(words: Int32Array): number[] {
  const bytes = bytesOf(words);
  const sums: number[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    sums.push(checksum(bytes.subarray(at, at + BLOCK_BYTES)));
  }
  return sums;
}
