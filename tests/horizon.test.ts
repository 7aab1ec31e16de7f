/** Events that come again far behind their first record, and every way in which the index can be lost. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeAnyRecords } from "../scripts/kafka/encode-records.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { until } from "../scripts/lib/wait.ts";
import { readHealth, startConsumer, stopConsumer, untilJoined } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { differences, readCounts, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(600_000);

/** More than three times as many as a window of the past held, in each partition. */
const EVENTS = 900_000;

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const produce = (place: Place, path: string) =>
  runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);

/** The folder of each partition's index. */
async function indexesOf({ config }: Place): Promise<string[]> {
  const log = await openKafka(config, { clientId: "test" }).logState(config.KAFKA_TOPIC);
  const topicId = log.get(0)?.topicId ?? "";
  const folder = join(config.STATE_DIR, "horizon");
  const names = readdirSync(folder).filter((name) => name.startsWith(topicId));
  return names.sort().map((name) => join(folder, name));
}

async function expectExact(place: Place, { counts }: ReturnType<typeof makeEvents>) {
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  await expectVerified(place);
}

test("consume counts each event once when a file of 900,000 rows is sent again, and its index was lost in between", async () => {
  const place = await platform.place("again");
  const events = makeEvents(EVENTS, { users: 1_000 });
  const path = writeLines(place, events.lines);
  const first = await startConsumer(place);
  await produce(place, path);
  await untilRead(place.sql, EVENTS);
  expect(await stopConsumer(first)).toBe(0);

  const [, torn = "", flipped = "", missing = ""] = await indexesOf(place);
  truncateSync(join(torn, "manifest"), 40);
  damageRun(flipped);
  rmSync(missing, { recursive: true });

  const second = await startConsumer(place);
  await produce(place, path);
  await untilRead(place.sql, 2 * EVENTS);
  expect(await readLedger(place.sql)).toMatchObject({ stored: EVENTS, duplicates: EVENTS });
  await stopConsumer(second);
  const said = await new Response(second.stderr).text();
  const takeUps = said
    .split("\n")
    .filter((line) => line.includes("Took the index of event ids up"));
  const ids = takeUps.map((line) => JSON.parse(line).properties.ids as number);
  expect(ids).toHaveLength(4);
  expect(ids.filter((number) => number > EVENTS / 8)).toHaveLength(1);
  await expectExact(place, events);
  expect(await runOrThrow(place.environment, "scripts/replay.ts", ["--check"])).toContain("equal");
});

test("consume pauses and says so while the disk takes nothing, and counts each event once after it", async () => {
  const place = await platform.place("full");
  const events = makeEvents(500_000, { users: 400 });
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  const health = () => readHealth(consumer.metricsPort);
  // Every file that grows beyond this fails, as on a full disk.
  setFileBytesMax(consumer.pid, "1000");
  await produce(place, writeLines(place, events.lines));
  await until("the consumer says so", 60_000, async () => {
    expect(await health()).toMatchObject({ ok: false, waitingFor: "room on the disk" });
  });
  expect((await readLedger(place.sql)).stored).toBeLessThan(500_000);
  setFileBytesMax(consumer.pid, "unlimited");
  await untilRead(place.sql, 500_000);
  await until("the consumer is well", 60_000, async () => {
    expect(await health()).toMatchObject({ ok: true });
  });
  await stopConsumer(consumer);
  await expectExact(place, events);
});

function setFileBytesMax(processId: number, bytes: string): void {
  const limits = ["prlimit", `--pid=${processId}`, `--fsize=${bytes}:unlimited`];
  expect(Bun.spawnSync(limits).exitCode).toBe(0);
}

/** Changes one bit among the entries of the first run. */
function damageRun(folder: string): void {
  const name = readdirSync(folder)
    .filter((file) => file.endsWith(".run"))
    .sort()[0] as string;
  const bytes = readFileSync(join(folder, name));
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] as number) ^ 4;
  writeFileSync(join(folder, name), bytes);
}

test("consume finds duplicates of what was counted by a window, and a replay decides them as they were", async () => {
  const place = await platform.place("migrated");
  const events = makeEvents(2_000);
  const path = writeLines(place, events.lines);
  const first = await startConsumer(place);
  await produce(place, path);
  await produce(place, path);
  await untilRead(place.sql, 4_000);
  await stopConsumer(first);
  // As a consumer with a window of one record has counted: each of both.
  await place.sql`
    update streaming.consumer_offsets
    set duplicate_rules = '[{"from": 0, "windowRecords": 1}]'::jsonb`;
  await runOrThrow(place.environment, "scripts/replay.ts");
  expect(await readLedger(place.sql)).toMatchObject({ stored: 4_000, duplicates: 0 });

  const second = await startConsumer(place);
  await produce(place, path);
  await untilRead(place.sql, 6_000);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 4_000, duplicates: 2_000 });
  await stopConsumer(second);
  await expectVerified(place);
  expect(await runOrThrow(place.environment, "scripts/replay.ts", ["--check"])).toContain("equal");
  const [row] = await place.sql`
    select duplicate_rules as rules from streaming.consumer_offsets where partition = 0`;
  expect(row?.rules).toMatchObject([{ from: 0, windowRecords: 1 }, { horizonMs: 604_800_000 }]);
});

test("consume counts an event again when its horizon is over, and verify and replay agree", async () => {
  const place = await platform.place("short", { DUPLICATE_HORIZON_HOURS: "1" });
  const { lines } = makeEvents(300);
  const path = writeLines(place, lines);
  const first = await startConsumer(place);
  await produce(place, path);
  await untilRead(place.sql, 300);
  await stopConsumer(first);
  // Eighty milliseconds instead of an hour, from the beginning on, so that the test need not wait.
  await place.sql`
    update streaming.consumer_offsets
    set duplicate_rules = jsonb_build_array(
      jsonb_build_object('from', 0, 'horizonMs', 80),
      jsonb_build_object('from', next_offset, 'horizonMs', 3600000))`;
  const second = await startConsumer(place);
  await produce(place, path);
  await untilRead(place.sql, 600);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 300, duplicates: 300 });
  await stopConsumer(second);
  await runOrThrow(place.environment, "scripts/verify.ts", ["--recount"]);
});

test("two consumers count each event once when they take partitions over from each other", async () => {
  const place = await platform.place("moved");
  const events = makeEvents(200_000, { users: 500 });
  const path = writeLines(place, events.lines);
  const consumers = [await startConsumer(place)];
  await untilJoined(consumers[0]!);
  await produce(place, path);
  for (let move = 0; move < 3; move++) {
    const next = await startConsumer(place);
    const load = produce(place, path);
    await until("it takes part", 120_000, () => untilJoined(next));
    consumers.shift()?.kill(move % 2 === 0 ? "SIGKILL" : "SIGTERM");
    consumers.push(next);
    await load;
  }
  await untilRead(place.sql, 800_000);
  expect(await readLedger(place.sql)).toMatchObject({ stored: 200_000, duplicates: 600_000 });
  for (const consumer of consumers) await stopConsumer(consumer);
  await expectExact(place, events);
});

test("consume counts each event once when another client puts events into other partitions", async () => {
  const place = await platform.place("strays");
  const events = makeEvents(3_000);
  const path = writeLines(place, events.lines);
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  await produce(place, path);
  await appendTo(place, 2, events.lines);
  await appendTo(place, 0, events.lines);
  // Three quarters of the events of either partition are sent to another one.
  const ledger = await until("all are counted", 120_000, async () => {
    const found = await readLedger(place.sql);
    const waiting = await runOrThrow(place.environment, "scripts/verify.ts", ["--wait", "60"]);
    if (found.read < 9_000 || waiting.includes("wait in the log")) throw new Error(waiting);
    return found;
  });
  expect(ledger.stored).toBe(3_000);
  const verified = await runOrThrow(place.environment, "scripts/verify.ts", ["--recount"]);
  expect(verified).toMatch(/\d+ of the duplicates were sent to their user's partition/);
  expect(await runOrThrow(place.environment, "scripts/replay.ts", ["--check"])).toContain("equal");
  const metrics = await (await fetch(`http://127.0.0.1:${consumer.metricsPort}/metrics`)).text();
  expect(metrics).not.toContain("rtdp_events_forwarded_total 0");
  await stopConsumer(consumer);
  await expectExact(place, events);
});

test("consume counts events once that stand in a wrong partition alone", async () => {
  const place = await platform.place("alone");
  const events = makeEvents(2_000);
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  await appendTo(place, 1, events.lines);
  await until("all are counted", 120_000, async () => {
    const { stored } = await readLedger(place.sql);
    if (stored < 2_000) throw new Error(`${stored} are`);
  });
  await produce(place, writeLines(place, events.lines));
  await runOrThrow(place.environment, "scripts/verify.ts", ["--wait", "60"]);
  await stopConsumer(consumer);
  await expectExact(place, events);
});

/** Appends lines of events to one partition, whatever their users. */
async function appendTo({ config }: Place, partition: number, lines: string[]): Promise<void> {
  const kafka = openKafka(config, { clientId: "test" });
  const appender = await kafka.openAppender(config.KAFKA_TOPIC);
  await appender.append(partition, encodeAnyRecords(lines.map((value) => ({ value }))));
  await appender.close();
}

test("consume counts each event once when partitions are added twice, while events arrive", async () => {
  const place = await platform.place("raised", { KAFKA_PARTITIONS: "2" });
  const events = makeEvents(60_000, { users: 300 });
  const path = writeLines(place, events.lines);
  const consumers = [await startConsumer(place)];
  await produce(place, path);
  for (const partitions of ["4", "8"]) {
    // A producer that knows fewer partitions goes on meanwhile.
    const old = runOrThrow(place.environment, "scripts/produce.ts", [
      "--from",
      path,
      "--rate",
      "5000",
    ]);
    const settings = { ...place.environment, KAFKA_PARTITIONS: partitions };
    const added = await runOrThrow(settings, "scripts/migrate.ts", ["--only", "topic"]);
    expect(added).toContain("partitions to topic");
    consumers.push(await startConsumer(place));
    await old;
    await produce(place, path);
  }
  await until("every record is read", 180_000, async () => {
    const settings = { ...place.environment, KAFKA_PARTITIONS: "8" };
    const { stdout } = await run(settings, "scripts/verify.ts", ["--wait", "100"]);
    if (stdout.includes("wait in the log")) throw new Error(stdout);
    const rows = await place.sql`select count(*)::int as count from streaming.consumer_offsets`;
    if (rows[0]?.count !== 8) throw new Error(`${rows[0]?.count} partitions are counted`);
  });
  expect(await readLedger(place.sql)).toMatchObject({ stored: 60_000 });
  for (const consumer of consumers) expect(await stopConsumer(consumer)).toBe(0);
  await expectExact(place, events);
  expect(await runOrThrow(place.environment, "scripts/replay.ts", ["--check"])).toContain("equal");
});

test("migrate refuses a number of partitions that would mix users of several", async () => {
  const place = await platform.place("mixed");
  const settings = { ...place.environment, KAFKA_PARTITIONS: "6" };
  const refused = await run(settings, "scripts/migrate.ts", ["--only", "topic"]);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("KAFKA_PARTITIONS is a multiple of that, such as 8");
});
