/** Writes and reads whole pieces of a file, which the operating system may take and give in parts. */
import { readSync, writeSync } from "node:fs";

/** The most that one request asks for. */
const PART_BYTES_MAX = 2 ** 26;

export function writeBytes(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

/** Fills `bytes`; false when the file ends before. */
export function readBytes(descriptor: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const wanted = Math.min(bytes.length - done, PART_BYTES_MAX);
    const read = readSync(descriptor, bytes, done, wanted, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
