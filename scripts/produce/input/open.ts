/**
 * Opens a file or standard input for `produce --from`: finds out the format and returns the rows in
 * groups, read on demand. What stays in memory of a row is a short hash, if it has no id.
 */
import { createReadStream } from "node:fs";
import { UsageError } from "../../lib/errors.ts";
import { csvReader, HeaderError } from "./csv.ts";
import { readLines } from "./lines.ts";
import { type NumberedRow, ndjsonReader, type RowReader } from "./ndjson.ts";
import type { RowRules } from "./row.ts";

export type FileFormat = "csv" | "ndjson";

/** The whole input is unreadable, in contrast to one of its rows. */
class InputError extends UsageError {
  override name = "InputError";
}

const CHUNK_BYTES = 65_536;

/** `path` is that of a file, or `-` for standard input. */
export async function* readRows(
  path: string,
  format: FileFormat | undefined,
  rules: RowRules,
): AsyncGenerator<NumberedRow[]> {
  const name = path === "-" ? "standard input" : path;
  let reader: RowReader | undefined;
  try {
    for await (const group of readLines(bytesOf(path))) {
      reader ??= readerOf(format ?? formatOf(path, group.lines[0]), rules);
      yield reader.read(group);
    }
    if (reader) yield reader.end();
  } catch (error) {
    const reason = error instanceof HeaderError ? error.message : fileReason(error);
    throw reason === undefined ? error : new InputError(`Cannot read ${name}: ${reason}`);
  }
}

function bytesOf(path: string): AsyncIterable<Uint8Array> {
  return path === "-" ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

const readerOf = (format: FileFormat, rules: RowRules): RowReader =>
  format === "csv" ? csvReader(rules) : ndjsonReader(rules);

/** Decides by the ending of the name, else by the first character. */
function formatOf(path: string, firstLine: unknown): FileFormat {
  const ending = path.split(".").at(-1)?.toLowerCase();
  if (ending === "csv") return "csv";
  if (ending === "ndjson" || ending === "jsonl") return "ndjson";
  return typeof firstLine === "string" && firstLine.trimStart().startsWith("{") ? "ndjson" : "csv";
}

/** The operating system's reason in words; undefined for another kind of error. */
function fileReason(error: unknown): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  return code?.startsWith("E") ? message : undefined;
}
