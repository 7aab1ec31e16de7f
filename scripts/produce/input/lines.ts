/**
 * Cuts a stream of bytes into numbered lines of text, in groups as they arrive, in bounded memory.
 * A line that is too long or not UTF-8 becomes a fault with its number, and reading goes on after
 * it.
 */
import { isUtf8 } from "node:buffer";
import { EVENT_BYTES_MAX } from "../../../schema/event.ts";
import { RowFault } from "./row.ts";

/** Consecutive lines of the file; the first one has the number `firstNumber`, counted from 1. */
export interface LineGroup {
  firstNumber: number;
  lines: (string | RowFault)[];
}

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Neither the line end (`\n` or `\r\n`) nor a byte order mark at the start is part of a line. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LineGroup> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) {
    const group = cutter.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (group) yield group;
  }
  const last = cutter.end();
  if (last) yield last;
}

class LineCutter {
  private number = 1;
  private rest: Buffer = Buffer.alloc(0);
  private skipping = false;
  private started = false;

  add(chunk: Buffer): LineGroup | undefined {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (!this.started) {
      if (bytes.length < BYTE_ORDER_MARK.length) {
        this.rest = bytes;
        return undefined;
      }
      bytes = withoutMark(bytes);
      this.started = true;
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.rest = bytes.subarray(end);
    const lines = end === 0 ? [] : this.cut(bytes.subarray(0, end));
    const firstNumber = this.number;
    this.number += lines.length;
    if (this.rest.length > EVENT_BYTES_MAX) {
      // The line is too long already, so its remaining bytes are not kept.
      this.skipping = true;
      this.rest = this.rest.subarray(0, 0);
    }
    return lines.length === 0 ? undefined : { firstNumber, lines };
  }

  end(): LineGroup | undefined {
    const bytes = this.started ? this.rest : withoutMark(this.rest);
    if (bytes.length === 0 && !this.skipping) return undefined;
    const ended = bytes.at(-1) === NEWLINE ? bytes : Buffer.concat([bytes, Buffer.from([NEWLINE])]);
    return { firstNumber: this.number, lines: this.cut(ended) };
  }

  /** The lines of bytes that end with a line end. */
  private cut(bytes: Buffer): (string | RowFault)[] {
    const lines: (string | RowFault)[] = isUtf8(bytes)
      ? splitText(bytes.toString("utf8"))
      : splitBytes(bytes);
    if (this.skipping) {
      lines[0] = tooLong();
      this.skipping = false;
    }
    return lines;
  }
}

const withoutMark = (bytes: Buffer) =>
  bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;

function splitText(text: string): (string | RowFault)[] {
  const lines: (string | RowFault)[] = text.split("\n");
  lines.pop();
  for (let index = 0; index < lines.length; index++) {
    const line = withoutReturn(lines[index] as string);
    // A character takes 1 to 3 bytes; only a line that may be too long is measured.
    const mayBeLong = line.length * 3 > EVENT_BYTES_MAX;
    lines[index] = mayBeLong && Buffer.byteLength(line) > EVENT_BYTES_MAX ? tooLong() : line;
  }
  return lines;
}

/** The same for bytes that are not all UTF-8: line by line, to keep the lines that are. */
function splitBytes(bytes: Buffer): (string | RowFault)[] {
  const lines: (string | RowFault)[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    const line = bytes.subarray(start, end);
    if (line.length > EVENT_BYTES_MAX) lines.push(tooLong());
    else if (isUtf8(line)) lines.push(withoutReturn(line.toString("utf8")));
    else lines.push(new RowFault("bad_encoding", "the line is not valid UTF-8"));
    start = end + 1;
  }
  return lines;
}

const withoutReturn = (line: string) => (line.endsWith("\r") ? line.slice(0, -1) : line);

const tooLong = () => new RowFault("too_large", `the line is longer than ${EVENT_BYTES_MAX} bytes`);
