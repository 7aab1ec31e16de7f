/** Reads the headers of a record. Few records have any, and few readers want them. Pure. */
import type { RecordCursor } from "./record-cursor.ts";
import { afterVarint, readVarint } from "./varint.ts";

const utf8 = new TextDecoder();

/** The value of the record's first header of this name, as text; undefined when there is none. */
export function headerOf(
  { bytes, headersStart, headersEnd }: RecordCursor,
  name: string,
): string | undefined {
  const headers = bytes.subarray(headersStart, headersEnd);
  let at = 0;
  const number = () => {
    const value = readVarint(headers, at);
    at = afterVarint;
    return value;
  };
  /** A text behind its length; undefined for null, which has the length -1. */
  const text = () => {
    const length = number();
    if (length < 0) return undefined;
    const start = at;
    at += length;
    return utf8.decode(headers.subarray(start, at));
  };
  for (let left = number(); left > 0 && at < headers.length; left--) {
    const key = text();
    const value = text();
    if (key === name) return value;
  }
  return undefined;
}
