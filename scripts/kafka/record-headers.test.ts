import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordBatch } from "../../tests/harness/record-batch.ts";
import { RecordCursor } from "./record-cursor.ts";
import { headerOf } from "./record-headers.ts";

function cursorAt(headers: Record<string, string> | undefined): RecordCursor {
  const cursor = new RecordCursor();
  cursor.open(recordBatch([{ value: "x", ...(headers && { headers }) }]));
  cursor.next();
  return cursor;
}

test("headerOf() gives the value of each header, and nothing for a name that is not there", () => {
  const name = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: "grapheme" })), name, (headers, other) => {
      const cursor = cursorAt(headers);
      for (const [key, value] of Object.entries(headers)) expect(headerOf(cursor, key)).toBe(value);
      if (!Object.hasOwn(headers, other)) expect(headerOf(cursor, other)).toBeUndefined();
    }),
  );
  expect(headerOf(cursorAt(undefined), "a")).toBeUndefined();
});

test("headerOf() ends when the bytes are not headers", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const cursor = Object.assign(new RecordCursor(), { bytes, headersEnd: bytes.length });
      headerOf(cursor, "a");
    }),
  );
});
