import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordBatch } from "../../tests/harness/record-batch.ts";
import { CorruptBatchError, RecordCursor } from "./record-cursor.ts";

const record = fc.record({
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  key: fc.option(fc.string({ maxLength: 70 })),
  headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }),
  gap: fc.nat(100),
  timestampMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
});

test("next() reads what Kafka's encoder wrote when records have any key, value and headers", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.nat(2 ** 40), (records, baseOffset) => {
      const cursor = new RecordCursor();
      cursor.open(recordBatch(records, baseOffset));
      let offset = baseOffset - 1;
      for (const expected of records) {
        offset += 1 + expected.gap;
        expect(cursor.next()).toBe(true);
        expect(cursor.offset).toBe(offset);
        expect(cursor.timestampMs).toBe(expected.timestampMs);
        const read = (start: number, length: number) =>
          length < 0 ? null : Buffer.from(cursor.bytes.slice(start, start + length));
        expect(read(cursor.valueStart, cursor.valueLength)).toEqual(
          (expected.value && Buffer.from(expected.value)) as never,
        );
        expect(read(cursor.keyStart, cursor.keyLength)?.toString() ?? null).toBe(expected.key);
      }
      expect(cursor.next()).toBe(false);
    }),
  );
});

test("next() throws when a length leads beyond the batch", () => {
  const batch = recordBatch([{ value: "a".repeat(100) }]);
  const cursor = new RecordCursor();
  cursor.open({ ...batch, records: batch.records.subarray(0, 50) });
  expect(() => cursor.next()).toThrow(CorruptBatchError);
});
