import { expect, test } from "bun:test";
import { recordBatch } from "../../tests/harness/record-batch.ts";
import type { Fetch } from "../kafka/log.ts";
import type { PackedBatch } from "../kafka/record-set.ts";
import { ingest } from "./ingest.ts";
import { PartitionReader } from "./partition-reader.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { WindowFinder } from "./window-finder.ts";

/** A fetch of two batches with a record each; `onUnpack` is called as the second is unpacked. */
function assemble(change: Partial<PackedBatch>, onUnpack: (writer: PartitionWriter) => void) {
  const duplicates = new WindowFinder(10);
  const reader = new PartitionReader({ readFrom: 0, countFrom: 0, duplicates });
  const writer = new PartitionWriter(reader, {
    config: { CONSUMER_TRANSACTION_DELAY_MS_MAX: 0 },
    store: () => new Promise(() => {}),
    events: { written() {}, failed: (error) => expect.unreachable(String(error)) },
  });
  const batch = (offset: number) => ({
    ...recordBatch([{ value: "x" }], offset),
    maxTimestampMs: 0,
    codec: 0,
  });
  const watched: PackedBatch = { ...batch(1), ...change };
  const { codec } = watched;
  Object.defineProperty(watched, "codec", {
    enumerable: true,
    get() {
      onUnpack(writer);
      return codec;
    },
  });
  const fetch: Fetch = {
    ...{ partition: 0, fetchedOffset: 0, nextOffset: 2, logEnd: 2 },
    batches: [batch(0), watched],
    heartbeat: async () => {},
    isStale: () => false,
  };
  return { reader, writer, fetch };
}

const never = {
  isStopping: () => false,
  onGap: async () => expect.unreachable(),
  onBehind: () => expect.unreachable(),
  onMoved: () => expect.unreachable(),
  onUnreadable: () => expect.unreachable(),
};

test("ingest() reads every batch of a fetch when nothing happens meanwhile", async () => {
  const { reader, writer, fetch } = assemble({}, () => {});
  await ingest(fetch, writer, never);
  expect(reader.position).toBe(2);
});

test("ingest() reads no batch into a writer that was closed while it was unpacked", async () => {
  const { reader, writer, fetch } = assemble({}, (writer) => writer.close());
  await ingest(fetch, writer, never);
  expect(reader.position).toBe(1);
});

test("ingest() names no batch that cannot be read when the writer was closed meanwhile", async () => {
  // No codec has this number.
  const { writer, fetch } = assemble({ codec: 7 }, (writer) => writer.close());
  await ingest(fetch, writer, never);
});

test("ingest() names a batch that cannot be read", async () => {
  const { writer, fetch } = assemble({ codec: 7 }, () => {});
  const found: number[] = [];
  await ingest(fetch, writer, { ...never, onUnreadable: ({ from }) => found.push(from) });
  expect(found).toEqual([1]);
});
