/** Whatever stands in the log: every codec, batches that unpack to too much, and broken ones. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { crc32c, lz4Compress, snappyCompress } from "@platformatic/wasm-utils";
import { type EncodedRecords, encodeAnyRecords } from "../scripts/kafka/encode-records.ts";
import { partitionOf } from "../scripts/kafka/partition.ts";
import { answersHealthCheck } from "../scripts/lib/probe.ts";
import { until } from "../scripts/lib/wait.ts";
import { readRow } from "../scripts/summary/statement.ts";
import { summaryOf } from "../scripts/summary/summary-of.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents, sumCounts, type TestEvents } from "./harness/events.ts";
import { type Place, Platform } from "./harness/platform.ts";
import { expectProved } from "./harness/proof.ts";
import { rawBatch, sendRawBatch } from "./harness/raw-batch.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { differences, readCounts, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

type Lot = Pick<TestEvents, "lines" | "counts">;

const encode = ({ lines }: Lot): EncodedRecords =>
  encodeAnyRecords(lines.map((value) => ({ key: "1", value })));

/** Events of users whose home is the partition. */
function lot(seed: number, { partition = 0, count = 200 } = {}): Lot {
  const counts = new Map<string, number>();
  const lines = makeEvents(count * 16, { seed })
    .lines.filter((line) => partitionOf(String(JSON.parse(line).user_id), 4) === partition)
    .slice(0, count);
  expect(lines.length).toBe(count);
  for (const { user_id, event_type } of lines.map((line) => JSON.parse(line))) {
    const key = `${user_id} ${event_type}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { lines, counts };
}

/** As Java's client writes Snappy: blocks of 32 KiB behind a header. */
function xerial(records: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from("82534e41505059000000000100000001", "hex")];
  for (let at = 0; at < records.length; at += 32_768) {
    const block = snappyCompress(records.subarray(at, at + 32_768));
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

const CODECS: [string, number, (records: Buffer) => Buffer][] = [
  ["gzip", 1, gzipSync],
  ["snappy", 2, snappyCompress],
  ["snappy of Java", 2, xerial],
  ["lz4", 3, lz4Compress],
  ["zstd", 4, zstdCompressSync],
];

/** The ledger in the public summary. */
async function publishedLedger({ sql, config }: Place) {
  const row = await readRow(sql, { scope: config, namesTopUsers: false, isBuilt: false });
  return summaryOf(row, false, 0).ledger;
}

const lettersOf = async ({ sql }: Place) =>
  (
    await sql`
      select reason, count(*) as count, min("offset") as first, max("offset") as last
      from streaming.dead_letters group by reason`
  ).map((row) => ({ ...row }));

test("consume counts each event once when clients compress with any codec of Kafka", async () => {
  const place = await platform.place("codecs");
  const consumer = await startConsumer(place);
  const lots = CODECS.map((_, index) => lot(index + 1, { partition: index % 4, count: 2_000 }));
  for (const [index, [, codec, compress]] of CODECS.entries()) {
    const { recordCount, records } = encode(lots[index]!);
    const batch = rawBatch({ codec, recordCount, records: compress(records) });
    await sendRawBatch(place.config, index % 4, batch);
  }
  await untilRead(place.sql, 2_000 * CODECS.length);
  const expected = sumCounts(...lots.map(({ counts }) => counts));
  expect(differences(expected, await readCounts(place.sql))).toEqual([]);
  await expectProved(place);
  expect((await askHealth(consumer)).status).toBe(200);
  expect(await stopConsumer(consumer)).toBe(0);
});

/** Most memory that the process has had, in bytes. */
const peakBytes = ({ pid }: ConsumerProcess) =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;

test("consume rejects the records of a batch and keeps its memory when the batch unpacks to too much", async () => {
  const place = await platform.place("bomb");
  const events = lot(1);
  const bomb = encodeAnyRecords([
    { value: Buffer.alloc(400 * 2 ** 20, 32) },
    ...events.lines.slice(0, 6).map((value) => ({ value })),
  ]);
  const { recordCount } = bomb;
  for (const [codec, records] of [
    [1, gzipSync(bomb.records)],
    [4, zstdCompressSync(bomb.records)],
  ] as const) {
    await sendRawBatch(place.config, 0, rawBatch({ codec, recordCount, records }));
  }
  await sendRawBatch(place.config, 0, rawBatch(encode(events)));
  const consumer = await startConsumer(place);
  await untilRead(place.sql, 2 * recordCount + 200);
  expect(peakBytes(consumer)).toBeLessThan(350 * 2 ** 20);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 200, rejected: 2 * recordCount });
  expect(await lettersOf(place)).toEqual([
    { reason: "too_large", count: 2 * recordCount, first: 0, last: 2 * recordCount - 1 },
  ]);
  expect(differences(events.counts, await readCounts(place.sql))).toEqual([]);
  await expectProved(place);
  expect((await askHealth(consumer)).status).toBe(200);
  expect(await stopConsumer(consumer)).toBe(0);
});

test("consume keeps its memory when a small batch holds very many records to reject", async () => {
  const place = await platform.place("letters");
  const values = Array.from({ length: 900 }, () => ({ value: "x".repeat(60_000) }));
  const { recordCount, records } = encodeAnyRecords(values);
  const batch = rawBatch({ codec: 4, recordCount, records: zstdCompressSync(records) });
  const empty = encodeAnyRecords(Array.from({ length: 250_000 }, () => ({ value: null })));
  const many = { ...empty, codec: 4, records: zstdCompressSync(empty.records) };
  await sendRawBatch(place.config, 0, batch);
  await sendRawBatch(place.config, 0, rawBatch(many));
  const consumer = await startConsumer(place);
  const rejected = recordCount + 250_000;
  expect(await untilRead(place.sql, rejected)).toMatchObject({ rejected, stored: 0 });
  expect(peakBytes(consumer)).toBeLessThan(384 * 2 ** 20);
  await expectProved(place);
  expect(await stopConsumer(consumer)).toBe(0);
});

/** Changes a stored batch as a failing disk would, and returns what undoes it. */
function damage(place: Place, baseOffset: number, change: (batch: Buffer) => void): () => void {
  const { STATE_DIR, KAFKA_TOPIC } = place.config;
  const file = join(STATE_DIR, "kafka/data", `${KAFKA_TOPIC}-0`, `${"0".repeat(20)}.log`);
  const log = readFileSync(file);
  let at = 0;
  while (Number(log.readBigInt64BE(at)) !== baseOffset) at += 12 + log.readInt32BE(at + 8);
  const batch = log.subarray(at, at + 12 + log.readInt32BE(at + 8));
  const before = Buffer.from(batch);
  const write = (bytes: Buffer) => {
    const open = openSync(file, "r+");
    writeSync(open, bytes, 0, bytes.length, at);
    closeSync(open);
  };
  change(batch);
  write(batch);
  return () => write(before);
}

const flipByte = (batch: Buffer) => batch.writeUInt8((batch.at(-5) ?? 0) ^ 1, batch.length - 5);

function makeCodecUnknown(batch: Buffer): void {
  batch.writeInt16BE(5, 21);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
}

/** Three lots in partition 0, of which the second one will be broken, and one in partition 1. */
async function sendLots(place: Place): Promise<[Lot, Lot, Lot, Lot]> {
  const lots: [Lot, Lot, Lot, Lot] = [lot(1), lot(2), lot(3), lot(4, { partition: 1 })];
  for (const [index, events] of lots.entries()) {
    await sendRawBatch(place.config, index === 3 ? 1 : 0, rawBatch(encode(events)));
  }
  return lots;
}

for (const [name, why, change] of [
  ["broken_bytes", "its checksum is wrong", flipByte],
  ["unknown_codec", "its codec 5 is not known", makeCodecUnknown],
] as const) {
  test(`consume stands at one batch, says so and goes on by a decision when ${why}`, async () => {
    const place = await platform.place(name);
    const [before, , behind, beside] = await sendLots(place);
    damage(place, 200, change);
    const consumer = await startConsumer(place);
    await untilRead(place.sql, 400, 60_000);
    const stands = await until("its health names the place", 60_000, async () => {
      const response = await askHealth(consumer);
      const { waitingFor } = (await response.json()) as { waitingFor?: string };
      if (!waitingFor?.includes("partition 0")) throw new Error(waitingFor ?? "it is well");
      return [response.status, waitingFor];
    });
    const place0 = `partition 0 stands at offset 200: its record batch up to offset 399 cannot be read, ${why}`;
    expect(stands).toEqual([503, expect.stringContaining(place0)]);
    const verified = await until("verify names the place", 60_000, async () => {
      const result = await run(place.environment, "scripts/verify.ts");
      if (!result.stdout.includes(place0)) throw new Error(result.stdout);
      return result;
    });
    expect(verified.stdout).toContain("The first hop that differs: kafka → consumer");
    expect(verified.exitCode).toBe(1);
    // What `status` shows and what the page publishes.
    const status = answersHealthCheck(`http://127.0.0.1:${consumer.metricsPort}`);
    expect(await status.catch((error: Error) => error.message)).toContain(place0);
    expect(await publishedLedger(place)).toMatchObject({ state: "differs", standing: 1 });

    // The partition beside it goes on.
    const later = lot(5, { partition: 1 });
    await sendRawBatch(place.config, 1, rawBatch(encode(later)));
    await untilRead(place.sql, 600);

    const skip = (at: string) => run(place.environment, "scripts/dead-letters.ts", ["skip", at]);
    expect(await skip("0:201")).toMatchObject({ exitCode: 1 });
    expect(await skip("0:200")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Passed over 200 records of partition 0"),
    });
    await untilRead(place.sql, 1_000);
    const expected = sumCounts(...[before, behind, beside, later].map((one) => one.counts));
    expect(differences(expected, await readCounts(place.sql))).toEqual([]);
    expect(await lettersOf(place)).toEqual([
      { reason: "unreadable", count: 200, first: 200, last: 399 },
    ]);
    await expectProved(place);
    expect(await publishedLedger(place)).toMatchObject({ state: "exact", standing: 0 });
    await untilJoined(consumer);
    expect(await stopConsumer(consumer)).toBe(0);
    expect(await new Response(consumer.stderr).text()).toContain(place0);

    // Reads the log from its beginning, over the batch, since the index is gone.
    rmSync(join(place.config.STATE_DIR, "horizon"), { recursive: true });
    const second = await startConsumer(place);
    await sendRawBatch(place.config, 0, rawBatch(encode(before)));
    await untilRead(place.sql, 1_200);
    expect(await readLedger(place.sql)).toMatchObject({ stored: 800, duplicates: 200 });
    await expectProved(place);
    expect(await stopConsumer(second)).toBe(0);
  });
}

test("consume counts a batch at which it stood when the log has been mended", async () => {
  const place = await platform.place("mended");
  const lots = await sendLots(place);
  const mend = damage(place, 200, flipByte);
  const first = await startConsumer(place);
  await until("the place is stored", 60_000, async () => {
    const [row] = await place.sql`
      select count(standstill) as count from streaming.consumer_offsets`;
    if (row?.count !== 1) throw new Error("it is not");
  });
  expect(await stopConsumer(first)).toBe(0);
  mend();
  const second = await startConsumer(place);
  await untilRead(place.sql, 800);
  expect(
    differences(sumCounts(...lots.map(({ counts }) => counts)), await readCounts(place.sql)),
  ).toEqual([]);
  await expectProved(place);
  await untilJoined(second);
  expect(await stopConsumer(second)).toBe(0);
});

test("verify and replay name the batch when it was counted and cannot be read any more", async () => {
  const place = await platform.place("rotten");
  await sendLots(place);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, 800);
  expect(await stopConsumer(consumer)).toBe(0);
  damage(place, 200, flipByte);
  const words = "Cannot read the record batch at offsets 200 to 399: its checksum is wrong";
  const verified = await run(place.environment, "scripts/verify.ts", ["--recount"]);
  expect(verified.stdout).toContain(words);
  expect(verified.exitCode).toBe(1);
  const replayed = await runOrThrow(place.environment, "scripts/replay.ts", ["--check"]).catch(
    (error: Error) => error.message,
  );
  expect(replayed).toContain(words);
});
