/** What is missing in the log, or never was for readers, is named as what it is and never as waiting. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { isCompacted } from "../scripts/kafka/compaction.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { until } from "../scripts/lib/wait.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { untilRead } from "./harness/tables.ts";
import { beginTransaction } from "./harness/transactions.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const kafkaOf = (place: Place) => openKafka(place.config, { clientId: "test" });

async function send(place: Place, count: number, seed = 1): Promise<string[]> {
  const { lines } = makeEvents(count, { seed });
  const path = writeLines(place, lines, `lot-${seed}`);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
  return lines;
}

/** A place where a stopped consumer has counted this number of events. */
async function countedPlace(name: string, events: number): Promise<Place> {
  const place = await platform.place(name);
  await send(place, events);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, events);
  await stopConsumer(consumer);
  return place;
}

interface Verified {
  exitCode: number;
  stdout: string;
  numbers: Record<string, number>;
}

/** The first hop of `verify`, from the log to the consumer. */
async function verifyLog(place: Place, ...args: string[]): Promise<Verified> {
  const { exitCode, stdout } = await run(place.environment, "scripts/verify.ts", [
    "--json",
    ...args,
  ]);
  return { exitCode, stdout, numbers: JSON.parse(stdout).hops[0].numbers };
}

async function lagOf(consumer: ConsumerProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${consumer.metricsPort}/metrics`)).text();
  const lags = [...text.matchAll(/^rtdp_lag_records\{.*\} (\d+)$/gm)].map(([, lag]) => Number(lag));
  return lags.reduce((total, lag) => total + lag, 0);
}

test("verify does not hold and names the setting when the log has deleted records unread", async () => {
  const place = await countedPlace("deleted_unread", 20);
  await send(place, 50, 2);
  const log = await kafkaOf(place).logState("deleted_unread");
  const ends = [...log].map(([partition, { logEnd }]) => [partition, logEnd] as const);
  await kafkaOf(place).topics.deleteRecords("deleted_unread", new Map(ends));

  const found = await verifyLog(place, "--wait", "60s");
  expect(found.exitCode).toBe(1);
  expect(found.numbers).toMatchObject({ waiting: 0, deletedUnread: 50 });
  expect(found.stdout).toContain("records unread, offsets ");
  expect(found.stdout).toContain("CONSUMER_LOST_RECORDS=accept");

  const accepting = await startConsumer(place, { CONSUMER_LOST_RECORDS: "accept" });
  await untilRead(place.sql, 70);
  await stopConsumer(accepting);
  const accepted = await verifyLog(place);
  expect(accepted.exitCode).toBe(1);
  expect(accepted.numbers).toMatchObject({ lost: 50, deletedUnread: 0 });
});

test("nothing waits when the log ends with an aborted transaction, or with an open one", async () => {
  const place = await countedPlace("transactions", 20);
  const { lines } = makeEvents(30, { seed: 3 });
  const consumer = await startConsumer(place);
  await untilJoined(consumer);

  const aborted = await beginTransaction(place.config);
  await aborted.send(lines.slice(0, 8));
  await aborted.abort();
  const waited = await verifyLog(place, "--wait", "60s", "--recount");
  expect(waited.exitCode).toBe(0);
  // Eight records, and the marker of the transaction's end.
  expect(waited.numbers).toMatchObject({ stored: 20, absent: 9, waiting: 0 });
  expect(await lagOf(consumer)).toBe(0);

  const open = await beginTransaction(place.config);
  await open.send(lines.slice(8, 15));
  await until("the consumer has fetched again", 10_000, async () => {
    await sendRecords(place.config, [{ key: "5", value: lines[29] as string, partition: 1 }]);
    expect((await verifyLog(place, "--wait", "10s")).numbers.waiting).toBe(0);
  });
  const held = await verifyLog(place);
  expect(held.exitCode).toBe(0);
  expect(held.numbers).toMatchObject({ waiting: 0, inOpenTransactions: 7 });
  expect(held.stdout).toContain("7 wait for the end of a transaction that is open");
  expect(await lagOf(consumer)).toBe(0);

  await open.commit();
  await until("the transaction is counted", 30_000, async () => {
    const { exitCode, numbers } = await verifyLog(place, "--wait", "10s", "--recount");
    expect([exitCode, numbers.stored, numbers.absent]).toEqual([0, 28, 10]);
  });
  expect((await askHealth(consumer)).status).toBe(200);
  await stopConsumer(consumer);
});

test("aborted transactions that overlap are not counted when the one that began first ends last", async () => {
  const place = await countedPlace("overlapping", 20);
  const { lines } = makeEvents(40, { seed: 4 });
  const [first, second] = [
    await beginTransaction(place.config),
    await beginTransaction(place.config),
  ];
  await first.send(lines.slice(0, 10));
  await second.send(lines.slice(10, 20));
  await first.send(lines.slice(20, 30));
  await second.abort();
  await first.abort();
  await sendRecords(place.config, [{ key: "5", value: lines[30] as string, partition: 0 }]);
  const consumer = await startConsumer(place);
  const { exitCode, numbers } = await verifyLog(place, "--wait", "60s", "--recount");
  expect([exitCode, numbers.stored, numbers.absent]).toEqual([0, 21, 32]);
  await stopConsumer(consumer);
});

/** Makes Kafka compact the topic as soon as it can. */
const COMPACTING = {
  "cleanup.policy": "compact",
  "min.cleanable.dirty.ratio": "0.001",
  "max.compaction.lag.ms": "1",
  "segment.ms": "100",
};

/** Compacts what the place has counted: each record of a key but the last one is forgotten. */
async function compact(place: Place): Promise<void> {
  const { config, sql } = place;
  const { topics } = kafkaOf(place);
  await topics.change(config.KAFKA_TOPIC, COMPACTING);
  const partitions = [0, 1, 2, 3];
  await until("the log is compacted", 120_000, async () => {
    // A record that follows closes the segment before it.
    await sendRecords(
      config,
      partitions.map((partition) => ({ key: "closing", value: "no event", partition })),
    );
    const { stdout } = await run(place.environment, "scripts/verify.ts", ["--json", "--recount"]);
    const recounted = JSON.parse(stdout).hops.at(-1);
    if (recounted.holds) throw new Error("every record is still there");
  });
  expect((await sql`select 1 from streaming.user_events limit 1`).length).toBe(1);
}

test("counting, verify and replay refuse a compacted topic, and replay deletes only what is accepted", async () => {
  const place = await countedPlace("compacted", 200);
  await compact(place);
  expect(await isCompacted(kafkaOf(place), "compacted")).toBe(true);
  const isRefused = async (script: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(place.environment, script, args);
    expect([script, exitCode]).toEqual([script, 1]);
    return stdout + stderr;
  };
  expect(await isRefused("scripts/consume.ts")).toContain(
    "Cannot count compacted: it is compacted",
  );
  expect(await isRefused("scripts/verify.ts")).toContain("the topic is compacted");
  expect(await isRefused("scripts/replay.ts")).toContain("is compacted");
  // Its other settings are not those of `migrate`, so someone else may need the compaction.
  const refused = await isRefused("scripts/migrate.ts", "--only", "topic");
  expect(refused).toContain("bun run migrate --only topic --end-compaction");
  await runOrThrow(place.environment, "scripts/migrate.ts", [
    ...["--only", "topic", "--end-compaction"],
  ]);
  expect(await isCompacted(kafkaOf(place), "compacted")).toBe(false);

  const recounted = await isRefused("scripts/verify.ts", "--recount");
  expect(recounted).toContain("records that were counted, as compaction does");
  const checked = await isRefused("scripts/replay.ts", "--check");
  const events = Number(/Would delete (\d+) counted events/.exec(checked)?.[1]);
  expect(events).toBeGreaterThan(100);
  expect(await isRefused("scripts/replay.ts")).toContain(
    `it would delete ${events} counted events`,
  );
  const [kept] = await place.sql`
    select sum(event_count)::bigint as events from streaming.user_events`;
  expect(kept?.events).toBe(200);

  const [unread] = await place.sql`
    select sum(next_offset)::bigint as offsets from streaming.consumer_offsets`;
  expect(unread?.offsets).toBe(200);
  await runOrThrow(place.environment, "scripts/replay.ts", ["--accept-loss", String(events)]);
  const { exitCode, numbers } = await verifyLog(place, "--recount");
  expect([exitCode, numbers.stored, numbers.lost]).toEqual([1, 200 - events, events]);
});

test("consume stops at records that compaction has taken unread, and counts them as lost when told to", async () => {
  const place = await countedPlace("forgotten", 200);
  await send(place, 100, 2);
  await compact(place);
  await runOrThrow(place.environment, "scripts/migrate.ts", [
    ...["--only", "topic", "--end-compaction"],
  ]);
  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the log holds no record there any more");
  expect(refused.stderr).toContain("CONSUMER_LOST_RECORDS=accept");
  const accepting = await startConsumer(place, { CONSUMER_LOST_RECORDS: "accept" });
  const { numbers } = await until("everything is read", 60_000, async () => {
    const found = await verifyLog(place);
    expect(found.numbers.waiting).toBe(0);
    return found;
  });
  await stopConsumer(accepting);
  expect(numbers.lost).toBeGreaterThan(50);
  expect(numbers.absent).toBe(0);
});

test("migrate ends the compaction of a topic that is as it made it in all other respects", async () => {
  const place = await platform.place("repaired");
  await kafkaOf(place).topics.change("repaired", { "cleanup.policy": "compact,delete" });
  const stdout = await runOrThrow(place.environment, "scripts/migrate.ts", ["--only", "topic"]);
  expect(await isCompacted(kafkaOf(place), "repaired")).toBe(false);
  expect(stdout).not.toContain("is up to date");
  const settings = await kafkaOf(place).topics.settings("repaired");
  expect(settings.get("message.timestamp.type")).toBe("LogAppendTime");
});
