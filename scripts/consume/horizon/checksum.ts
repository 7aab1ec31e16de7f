/** The checksum of everything that the index keeps on disk: CRC-32, as a signed word. */
import { crc32 } from "node:zlib";

export const checksum = (bytes: Uint8Array): number => crc32(bytes) | 0;

export const bytesOf = (words: Int32Array) =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

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
