/** The checksum of everything that the index keeps on disk: CRC-32, as a signed word. */
import { crc32 } from "node:zlib";

/** @param before the checksum of the bytes that stand before these */
export const checksum = (bytes: Uint8Array, before = 0): number => crc32(bytes, before >>> 0) | 0;

export const bytesOf = (words: Int32Array) =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

const checksumOfHeader = (header: Int32Array) => checksum(bytesOf(header).subarray(0, -4));

/** Puts the checksum of the other words into the last word, and returns it. */
export function sealHeader(header: Int32Array): number {
  const sum = checksumOfHeader(header);
  header[header.length - 1] = sum;
  return sum;
}

export const isSealed = (header: Int32Array) => header.at(-1) === checksumOfHeader(header);

/** What is on disk is not what was written, or belongs to another log: it is read again from the log. */
export class BrokenIndexError extends Error {
  override name = "BrokenIndexError";
  /** The damaged file, when it is only one. */
  readonly file: string | undefined;

  constructor(message: string, { file, ...options }: ErrorOptions & { file?: string } = {}) {
    super(message, options);
    this.file = file;
  }
}
