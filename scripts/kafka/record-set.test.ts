import { expect, test } from "bun:test";
import { rawBatch } from "../../tests/harness/raw-batch.ts";
import { encodeAnyRecords } from "./encode-records.ts";
import { type SetBatch, splitRecordSet } from "./record-set.ts";

const RECORDS = encodeAnyRecords([{ value: "a" }, { value: "b" }, { value: "c" }]);
const batchAt = (baseOffset: number, more = {}) => rawBatch({ ...RECORDS, baseOffset, ...more });
const rangesOf = (batches: SetBatch[]) =>
  batches.map(({ batch }) => [batch.baseOffset, batch.lastOffset, batch.fault]);

const flipped = (batch: Buffer, at = -2) => {
  const changed = Buffer.from(batch);
  changed.writeUInt8((changed.at(at) as number) ^ 0x20, at < 0 ? changed.length + at : at);
  return changed;
};

test("splitRecordSet() gives each batch with what its header says", () => {
  const timestampMs = 1_700_000_000_123;
  const set = Buffer.concat([batchAt(70, { timestampMs }), batchAt(80, { codec: 3 })]);
  const [first, second] = splitRecordSet(set, 70);
  expect(first).toMatchObject({ isControl: false, inTransaction: false, producerId: -1n });
  expect(first?.batch).toEqual({
    baseOffset: 70,
    lastOffset: 72,
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs,
    appendTimestampMs: undefined,
    recordCount: 3,
    codec: 0,
    records: RECORDS.records,
  });
  expect(second?.batch).toMatchObject({ baseOffset: 80, lastOffset: 82, codec: 3 });
});

test("splitRecordSet() gives the broker's time when the broker has stamped the batch", () => {
  const [only] = splitRecordSet(batchAt(0, { attributes: 0x08, timestampMs: 9 }), 0);
  expect(only?.batch.appendTimestampMs).toBe(9);
});

test("splitRecordSet() tells a marker and its key, and what a transaction has written", () => {
  const marker = encodeAnyRecords([{ key: Buffer.from([0, 0, 0, 0]), value: "" }]);
  const set = Buffer.concat([
    batchAt(0, { attributes: 0x10, producerId: 5n }),
    rawBatch({ ...marker, baseOffset: 3, attributes: 0x30, producerId: 5n }),
  ]);
  const [data, abort] = splitRecordSet(set, 0);
  expect(data).toMatchObject({ inTransaction: true, isControl: false, producerId: 5n, key: null });
  expect(abort).toMatchObject({ isControl: true, producerId: 5n });
  expect(abort?.key).toEqual(Buffer.from([0, 0, 0, 0]));
});

test("splitRecordSet() leaves out a batch when the fetch has cut it", () => {
  const set = Buffer.concat([batchAt(0), batchAt(3)]);
  for (const bytes of [1, 30, 70]) {
    expect(rangesOf(splitRecordSet(set.subarray(0, -bytes), 0))).toEqual([[0, 2, undefined]]);
  }
  expect(splitRecordSet(new Uint8Array(0), 0)).toEqual([]);
});

test("splitRecordSet() believes no header of a batch when its checksum is wrong", () => {
  const control = 22; // The low byte of the attributes: the bit would make it a marker.
  for (const at of [control, -2]) {
    const set = Buffer.concat([batchAt(0), flipped(batchAt(3), at), batchAt(6)]);
    const batches = splitRecordSet(set, 0);
    expect(rangesOf(batches)).toEqual([
      [0, 2, undefined],
      [3, 5, "its checksum is wrong"],
      [6, 8, undefined],
    ]);
    expect(batches[1]?.isControl).toBe(false);
  }
});

test("splitRecordSet() ends a faulty batch before the next one when its last offset is broken", () => {
  const lastOffsetDelta = 24;
  const set = Buffer.concat([flipped(batchAt(3), lastOffsetDelta), batchAt(9)]);
  expect(rangesOf(splitRecordSet(set, 3))).toEqual([
    [3, 8, "its checksum is wrong"],
    [9, 11, undefined],
  ]);
});

test("splitRecordSet() reaches to the offset that was asked for when a batch is faulty", () => {
  const [only] = splitRecordSet(flipped(rawBatch({ ...RECORDS, recordCount: 1 })), 2);
  expect(only?.batch).toMatchObject({ baseOffset: 0, lastOffset: 2 });
});

test("splitRecordSet() names the version when a batch has another format", () => {
  const old = batchAt(4);
  old.writeInt8(1, 16);
  expect(rangesOf(splitRecordSet(old, 4))).toEqual([
    [4, 4, "its format is version 1, not version 2"],
  ]);
});

test("splitRecordSet() gives a fault when a length leads nowhere, or the broker has no bytes", () => {
  for (const length of [2 ** 30, 3, -1]) {
    const set = Buffer.concat([batchAt(7), batchAt(10)]);
    set.writeInt32BE(length, 8);
    expect(rangesOf(splitRecordSet(set, 7))).toEqual([[7, 9, "its length is wrong"]]);
  }
  expect(rangesOf(splitRecordSet(null, 7))).toEqual([[7, 7, "the broker cannot read it"]]);
});
