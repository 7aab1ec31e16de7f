/** Reads the headers of a record. Few records have any, and few readers want them. Pure. */
import type { RecordCursor } from "./record-cursor.ts";

const utf8 = new TextDecoder();

/** The value of the record's first header of this name, as text; undefined when there is none. */
export function headerOf(
  { bytes, headersStart, headersEnd }: RecordCursor,
  name: string,
): string | undefined {
  const reader = new HeaderReader(bytes.subarray(headersStart, headersEnd));
  for (let left = reader.varint(); left > 0 && !reader.isAtEnd; left--) {
    const key = reader.text();
    const value = reader.text();
    if (key === name) return value;
  }
  return undefined;
}

class HeaderReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A zigzag varint. */
  varint(): number {
    let value = 0;
    for (let scale = 1; !this.isAtEnd; scale *= 0x80) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A text behind its length; undefined for null, which has the length -1. */
  text(): string | undefined {
    const length = this.varint();
    if (length < 0) return undefined;
    const start = this.#at;
    this.#at += length;
    return utf8.decode(this.#bytes.subarray(start, this.#at));
  }
}
