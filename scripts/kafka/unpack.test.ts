import { expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { lz4Compress, snappyCompress } from "@platformatic/wasm-utils";
import { rawBatch } from "../../tests/harness/raw-batch.ts";
import { type EncodedRecords, encodeAnyRecords } from "./encode-records.ts";
import { type PackedBatch, splitRecordSet } from "./record-set.ts";
import { type Skip, UNPACKED_BYTES_MAX, UnreadableBatchError, unpacked } from "./unpack.ts";

const { recordCount, records }: EncodedRecords = encodeAnyRecords(
  Array.from({ length: 500 }, (_, index) => ({ value: `${index} `.repeat(100) })),
);

const packed = (codec: number, bytes: Uint8Array, count = recordCount): PackedBatch =>
  splitRecordSet(
    rawBatch({ codec, recordCount: count, records: Buffer.from(bytes), baseOffset: 10 }),
    10,
  )[0]!.batch;

const read = (batch: PackedBatch, skips: Skip[] = []) =>
  unpacked(batch, skips, (content) => ({
    reject: content.reject,
    range: [content.baseOffset, content.lastOffset],
    records: Buffer.from(content.records),
  }));

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const XERIAL = Buffer.from("82534e41505059000000000100000001", "hex");

/** Blocks of 10,000 bytes, as Java's client writes them. */
const xerial = (bytes: Buffer) =>
  Buffer.concat([
    XERIAL,
    ...Array.from({ length: Math.ceil(bytes.length / 10_000) }, (_, index) => {
      const block = snappyCompress(bytes.subarray(index * 10_000, (index + 1) * 10_000));
      return Buffer.concat([int32(block.length), block]);
    }),
  ]);

/** A frame with every option that a client may choose, of a block that is plain. */
const lz4Plain = (bytes: Buffer) => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length + 2 ** 31);
  return Buffer.concat([
    Buffer.from("04224d187c7000000000000000000000", "hex").subarray(0, 15),
    ...[size, bytes, Buffer.alloc(4)], // the block and its checksum
    Buffer.alloc(8), // the end, and the checksum of all
  ]);
};

const WAYS: [string, number, Uint8Array][] = [
  ["nothing", 0, records],
  ["gzip", 1, gzipSync(records)],
  ["snappy", 2, snappyCompress(records)],
  ["snappy in Java's blocks", 2, xerial(records)],
  ["lz4", 3, lz4Compress(records)],
  ["lz4 with plain blocks", 3, lz4Plain(records)],
  ["zstd", 4, zstdCompressSync(records)],
];

test.each(WAYS)("unpacked() gives the records when %s compresses them", async (_, codec, bytes) => {
  expect(await read(packed(codec, bytes))).toEqual({
    reject: undefined,
    range: [10, 509],
    records: Buffer.from(records),
  });
});

const whyNot = (batch: PackedBatch, skips: Skip[] = []) =>
  read(batch, skips).then(
    () => "it is read",
    (error) => (error instanceof UnreadableBatchError ? error.why : error),
  );

test.each(WAYS)("unpacked() throws when bytes of %s are cut off", async (_, codec, bytes) => {
  for (const length of [1, 20, bytes.length >> 1, bytes.length - 20]) {
    expect(await whyNot(packed(codec, bytes.subarray(0, length)))).toMatch(
      /^its (compressed bytes are broken|records do not follow the format)$/,
    );
  }
});

test("unpacked() throws when the header says more records than there are", async () => {
  for (const [, codec, bytes] of WAYS) {
    expect(await whyNot(packed(codec, bytes, recordCount + 1))).toBe(
      "its records do not follow the format",
    );
  }
});

test("unpacked() throws when offsets are out of order or beyond the batch", async () => {
  for (const offsetDelta of [0, 2]) {
    const { records: bytes } = encodeAnyRecords([{ value: "a" }, { value: "b", offsetDelta }]);
    expect(await whyNot(packed(0, bytes, 2))).toBe("its records do not follow the format");
  }
});

test("unpacked() names the codec when it is not known, and the range", async () => {
  const error = await read(packed(6, records)).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnreadableBatchError);
  expect(error).toMatchObject({ from: 10, to: 509, why: "its codec 6 is not known" });
});

/** Records of one value, so long that all together have this many bytes. */
function recordsOf(bytes: number): Buffer {
  const shell = encodeAnyRecords([{ value: Buffer.alloc(bytes - 100) }]).records.length;
  const { records } = encodeAnyRecords([{ value: Buffer.alloc(bytes - 100 + (bytes - shell)) }]);
  expect(records.length).toBe(bytes);
  return records;
}

test("unpacked() rejects all records without their bytes when they unpack to more than the bound", async () => {
  for (const [bytes, reject] of [
    [UNPACKED_BYTES_MAX, undefined],
    [UNPACKED_BYTES_MAX + 1, "too_large"],
  ] as const) {
    const large = recordsOf(bytes);
    for (const [codec, compress] of [
      [1, gzipSync],
      [2, snappyCompress],
      [
        2,
        (all: Buffer) =>
          Buffer.concat([XERIAL, int32(snappyCompress(all).length), snappyCompress(all)]),
      ],
      [3, lz4Compress],
      [4, zstdCompressSync],
    ] as const) {
      const result = await read(packed(codec, compress(large), 1));
      expect([codec, result.reject, result.range]).toEqual([codec, reject, [10, 10]]);
      expect(result.records.length).toBe(reject ? 0 : bytes);
    }
  }
}, 60_000);

test("unpacked() takes no memory for a length that Snappy cannot have", async () => {
  const lie = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(1_000)]);
  expect(await whyNot(packed(2, lie))).toBe("its compressed bytes are broken");
});

test("unpacked() lets large batches take turns, and others pass them", async () => {
  const large = packed(4, zstdCompressSync(recordsOf(20_000_000)), 1);
  const order: string[] = [];
  const hold = Promise.withResolvers<void>();
  const first = unpacked(large, [], async () => {
    order.push("first begins");
    await hold.promise;
    order.push("first ends");
  });
  while (order.length === 0) await new Promise(setImmediate);
  const second = unpacked(large, [], () => order.push("second"));
  await unpacked(packed(4, zstdCompressSync(records)), [], () => order.push("small"));
  hold.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(["first begins", "small", "first ends", "second"]);
});

test("unpacked() lets the next large batch go on when the work of one fails", async () => {
  const large = packed(4, zstdCompressSync(recordsOf(20_000_000)), 1);
  await expect(
    unpacked(large, [], () => {
      throw new Error("failed");
    }),
  ).rejects.toThrow("failed");
  expect(await whyNot(large)).toBe("it is read");
});

test("unpacked() rejects the offsets that a person has passed over, readable or not", async () => {
  const skips = [{ from: 12, to: 509 }];
  for (const batch of [
    packed(6, records),
    packed(0, records),
    { ...packed(0, records), fault: "x" },
  ]) {
    expect(await read(batch, skips)).toMatchObject({ reject: "unreadable", range: [12, 509] });
  }
  expect(await whyNot(packed(6, records), [{ from: 510, to: 600 }])).toContain("codec 6");
});

test("unpacked() gives nothing of a batch that is hidden, and does not unpack it", async () => {
  const hidden = { ...packed(6, records), isHidden: true } as const;
  await unpacked(hidden, [{ from: 0, to: 900 }], (batch) => {
    expect(batch).toMatchObject({
      isHidden: true,
      baseOffset: 10,
      lastOffset: 509,
      recordCount: 0,
    });
    expect(batch.reject).toBeUndefined();
  });
});
