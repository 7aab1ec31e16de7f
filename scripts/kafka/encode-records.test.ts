import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeRecords } from "./encode-records.ts";
import { RecordCursor } from "./record-cursor.ts";

const ascii = fc.string({ unit: "binary-ascii", maxLength: 300 });

function decode(records: Uint8Array, recordCount: number) {
  const cursor = new RecordCursor();
  cursor.open({
    baseOffset: 100,
    lastOffset: 99 + recordCount,
    baseTimestampMs: 5,
    appendTimestampMs: undefined,
    recordCount,
    records,
  });
  const text = (start: number, length: number) =>
    Buffer.from(cursor.bytes.subarray(start, start + length)).toString("latin1");
  const found = [];
  while (cursor.next()) {
    found.push({
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      key: text(cursor.keyStart, cursor.keyLength),
      value: text(cursor.valueStart, cursor.valueLength),
    });
  }
  return found;
}

test("encodeRecords() writes what the reader of the log reads", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: ascii, value: ascii }), { maxLength: 300 }),
      (messages) => {
        const expected = messages.map((message, index) => ({
          offset: 100 + index,
          timestampMs: 5,
          ...message,
        }));
        expect(decode(encodeRecords(messages), messages.length)).toEqual(expected);
      },
    ),
  );
});
