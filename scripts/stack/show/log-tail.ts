/** The end of a program's log, which shows why the program has ended. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const TAIL_BYTES = 16_384;

/** The last lines, or none when there is no such file. */
export function lastLines(path: string, count: number): string[] {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8").split("\n").filter(Boolean).slice(-count);
  } catch {
    return [];
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
