/** Events of a file are taken back, and every proof says what is still to do. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumer as service } from "../scripts/consume/service.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { partitionOf } from "../scripts/kafka/partition.ts";
import { readLedgers, totalsOf } from "../scripts/ledger/ledger.ts";
import { until } from "../scripts/lib/wait.ts";
import { findTakenBack } from "../scripts/replay/taken-back.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents, randomNumbers, type TestEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectProved } from "./harness/proof.ts";
import { sendRecords } from "./harness/records.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { Origin } from "./harness/summary-origin.ts";
import { differences, readCounts, readDays, untilRead } from "./harness/tables.ts";

setDefaultTimeout(480_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

const ROWS = 30_000;
const MAP = "user_id=who,event_type=what,created_at=at";
const WRONG = ["--map", MAP, "--types", "view=v,click=b,purchase=c", "--user-offset", "2"];
const RIGHT = ["--map", MAP, "--types", "view=v,click=c,purchase=b", "--user-offset", "1"];

/** Rows without ids, some of them equal. */
function makeRows(count: number): { who: number; what: string; at: string }[] {
  const random = randomNumbers(7);
  return Array.from({ length: count }, (_, index) => ({
    who: Math.floor(random() * 200),
    what: "vbc".charAt(Math.floor(random() * 3)),
    at: new Date(Date.UTC(2026, 0, 1) + Math.floor(index / 4) * 20_000).toISOString(),
  }));
}

/** The counts and days of the rows, read with the right flags. */
function countRows(rows: ReturnType<typeof makeRows>) {
  const counts = new Map<string, number>();
  const days = new Set<string>();
  for (const { who, what, at } of rows) {
    const type = { v: "view", c: "click", b: "purchase" }[what];
    const key = `${who + 1} ${type}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    days.add(`${who + 1} ${at.slice(0, 10)}`);
  }
  return { counts, days };
}

function writeCsv(place: Place, rows: ReturnType<typeof makeRows>): string {
  const path = join(place.config.STATE_DIR, `${place.config.KAFKA_TOPIC}.csv`);
  const lines = rows.map(({ who, what, at }) => `${who},${what},${at}`);
  writeFileSync(path, `who,what,at\n${lines.join("\n")}\n`);
  return path;
}

const produce = (place: Place, ...args: string[]) =>
  runOrThrow(place.environment, "scripts/produce.ts", args);

/** What each proof says of the place. */
async function proofs(place: Place, consumer: ConsumerProcess) {
  const verified = await run(place.environment, "scripts/verify.ts", ["--recount", "--json"]);
  const { hops, ...verdict } = JSON.parse(verified.stdout);
  const replayed = await run(place.environment, "scripts/replay.ts", ["--check", "--json"]);
  const origin = await Origin.start(place);
  const { ledger } = await origin.read();
  await origin.stop();
  const config = { ...place.config, CONSUMER_METRICS_PORT: consumer.metricsPort };
  return {
    verify: { exitCode: verified.exitCode, firstDifference: verdict.firstDifference },
    differing: hops.filter(({ holds }: { holds: boolean }) => !holds),
    replay: { exitCode: replayed.exitCode, ...JSON.parse(replayed.stdout) },
    health: (await askHealth(consumer)).status,
    status: await service.facts?.(config),
    ledger,
  };
}

test("a file that was sent with wrong flags is taken back and sent right, while a consumer is killed and an index is lost", async () => {
  const place = await platform.place("retract");
  const rows = makeRows(ROWS);
  const path = writeCsv(place, rows);
  const first = await startConsumer(place);
  const second = await startConsumer(place);
  await Promise.all([untilJoined(first), untilJoined(second)]);
  const sent = produce(place, "--from", path, ...WRONG);
  await untilRead(place.sql, ROWS / 10);
  first.kill("SIGKILL");
  await sent;
  await untilRead(place.sql, ROWS);
  await stopConsumer(second);
  const folder = join(place.config.STATE_DIR, "horizon");
  const [lost = ""] = readdirSync(folder);
  rmSync(join(folder, lost), { recursive: true });

  const third = await startConsumer(place);
  const fourth = await startConsumer(place);
  const takenBack = produce(place, "--from", path, ...WRONG, "--retract");
  await untilRead(place.sql, ROWS + ROWS / 10);
  third.kill("SIGKILL");
  expect(await takenBack).toContain("bun run replay");
  await untilRead(place.sql, 2 * ROWS);
  await produce(place, "--from", path, ...RIGHT);
  await untilRead(place.sql, 3 * ROWS);

  const before = await proofs(place, fourth);
  expect(before.verify).toEqual({ exitCode: 1, firstDifference: "consumer → user_events" });
  expect(before.differing).toMatchObject([
    { remarks: [`${ROWS} events are taken back and wait for \`bun run replay\``] },
  ]);
  expect(before.replay).toMatchObject({ exitCode: 1, removedEvents: ROWS, deletedEvents: 0 });
  expect(before.health).toBe(200);
  expect(before.status).toContain(`${ROWS} events are taken back and wait for`);
  expect(before.ledger).toMatchObject({
    ...{ state: "differs", stored: 2 * ROWS, counted: 2 * ROWS },
    ...{ retractions: ROWS, retracted: ROWS, removed: 0 },
  });

  // Many ids are looked for in several rounds.
  const kafka = openKafka(place.config, { clientId: "test" });
  const reading = { kafka, sql: place.sql, config: place.config };
  const ledgers = await readLedgers(place.sql, place.config);
  const found = await findTakenBack(reading, ledgers, ROWS / 3);
  for (const { partition, retracted } of ledgers) {
    expect(found.get(partition)?.size).toBe(retracted);
  }

  await runOrThrow(place.environment, "scripts/replay.ts");
  const { counts, days } = countRows(rows);
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect(await readDays(place.sql)).toEqual(days);
  const after = await proofs(place, fourth);
  expect(after.verify).toEqual({ exitCode: 0, firstDifference: null });
  expect(after.replay).toMatchObject({ exitCode: 0, removedEvents: 0 });
  expect([after.health, after.status]).toEqual([200, "0.0/s, 0 waiting"]);
  expect(after.ledger).toMatchObject({ state: "exact", counted: ROWS, removed: ROWS });
  await stopConsumer(fourth);
  await expectProved(place);
});

/** The record that takes an event back, as any client may write it. */
const retractionOf = (line: string) => {
  const { event_id, user_id } = JSON.parse(line);
  return { key: String(user_id), value: JSON.stringify({ retract: event_id, user_id }) };
};

const eventOf = (line: string) => ({ key: String(JSON.parse(line).user_id), value: line });

/** A partition that is not the home of the record's user. */
const misplaced = (record: { key: string; value: string }) => ({
  ...record,
  partition: (partitionOf(record.key, 4) + 1) % 4,
});

/** Waits until everything in the log is counted, and returns the sums of the ledger. */
async function untilCounted(place: Place) {
  await until("all is counted", 120_000, async () => {
    const { stdout } = await run(place.environment, "scripts/verify.ts", ["--wait", "60s"]);
    if (stdout.includes("wait in the log")) throw new Error(stdout);
  });
  return totalsOf(await readLedgers(place.sql, place.config));
}

/** Replays, and expects the counts of the events from `from` on. */
async function expectReplayed(place: Place, { lines }: TestEvents, from: number): Promise<void> {
  await runOrThrow(place.environment, "scripts/replay.ts");
  const counts = new Map<string, number>();
  for (const line of lines.slice(from)) {
    const { user_id, event_type } = JSON.parse(line);
    const key = `${user_id} ${event_type}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  await expectProved(place);
}

test("a retraction changes nothing when its event was never sent or is taken back already", async () => {
  const place = await platform.place("no_effect");
  const events = makeEvents(1_000);
  const path = writeLines(place, events.lines.slice(0, 900));
  const consumer = await startConsumer(place);
  await produce(place, "--from", path);
  await sendRecords(place.config, events.lines.slice(900).map(retractionOf));
  await sendRecords(place.config, [{ key: "5", value: `{"retract":"17","user_id":5}` }]);
  const first = await untilCounted(place);
  expect(first).toMatchObject({ stored: 900, retractions: 100, retracted: 0, rejected: 1 });
  await expectProved(place);

  const part = writeLines(place, events.lines.slice(0, 300), "part");
  for (let time = 0; time < 2; time++) await produce(place, "--from", part, "--retract");
  const second = await untilCounted(place);
  expect(second).toMatchObject({ stored: 900, retractions: 700, retracted: 300, removed: 0 });
  await expectReplayed(place, { ...events, lines: events.lines.slice(0, 900) }, 300);
  // What is taken back counts when it is sent again.
  await produce(place, "--from", path);
  expect(await untilCounted(place)).toMatchObject({ stored: 1_200, duplicates: 600, removed: 300 });
  await expectReplayed(place, { ...events, lines: events.lines.slice(0, 900) }, 0);
  await stopConsumer(consumer);
});

test("events are taken back and count again when clients put any of it into wrong partitions", async () => {
  const place = await platform.place("misplaced");
  const events = makeEvents(2_000);
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  await sendRecords(place.config, events.lines.map(eventOf).map(misplaced));
  await until("all are counted", 120_000, async () => {
    expect(await untilCounted(place)).toMatchObject({ stored: 2_000 });
  });
  // The first half from wrong partitions, the second from the right ones.
  const retractions = events.lines.map(retractionOf);
  await sendRecords(place.config, retractions.slice(0, 1_000).map(misplaced));
  await sendRecords(place.config, retractions.slice(1_000));
  await until("all are taken back", 120_000, async () => {
    expect(await untilCounted(place)).toMatchObject({ retractions: 2_000, retracted: 2_000 });
  });
  await expectReplayed(place, events, 2_000);
  // Where they are misplaced, nothing has heard of a retraction.
  await sendRecords(place.config, events.lines.map(eventOf).map(misplaced));
  await until("all count again", 120_000, async () => {
    expect(await untilCounted(place)).toMatchObject({ stored: 4_000, removed: 2_000 });
  });
  await stopConsumer(consumer);
  await expectReplayed(place, events, 0);
});

test("events are taken back when partitions were added since they were counted, and between", async () => {
  const place = await platform.place("taken_raised", { KAFKA_PARTITIONS: "2" });
  const events = makeEvents(3_000, { users: 300 });
  const path = writeLines(place, events.lines);
  const third = (from: number) => writeLines(place, events.lines.slice(from, from + 1_000), "part");
  const consumers = [await startConsumer(place)];
  await produce(place, "--from", path);
  await produce(place, "--from", third(0), "--retract");
  await untilRead(place.sql, 4_000);
  for (const partitions of ["4", "8"]) {
    const settings = { ...place.environment, KAFKA_PARTITIONS: partitions };
    await runOrThrow(settings, "scripts/migrate.ts", ["--only", "topic"]);
    consumers.push(await startConsumer(place));
    await until("the new partitions are counted", 120_000, async () => {
      const rows = await place.sql`select count(*)::int as count from streaming.consumer_offsets`;
      if (rows[0]?.count !== Number(partitions)) throw new Error(`${rows[0]?.count} are`);
    });
    // Again the first third, which no longer stands, and the second or third one.
    await produce(place, "--from", third(0), "--retract");
    await produce(place, "--from", third(partitions === "4" ? 1_000 : 2_000), "--retract");
    await untilCounted(place);
  }
  const ledger = await untilCounted(place);
  expect(ledger).toMatchObject({ stored: 3_000, retracted: 3_000, removed: 0 });
  await expectReplayed(place, events, 3_000);
  await produce(place, "--from", path);
  expect(await untilCounted(place)).toMatchObject({ stored: 6_000, removed: 3_000 });
  for (const consumer of consumers) expect(await stopConsumer(consumer)).toBe(0);
  await expectReplayed(place, events, 0);
});

test("replay removes what is taken back before it begins, and says what is taken back meanwhile", async () => {
  const place = await platform.place("meanwhile");
  const events = makeEvents(200_000, { users: 500 });
  const consumer = await startConsumer(place);
  await produce(place, "--from", writeLines(place, events.lines));
  await untilRead(place.sql, 200_000);
  const part = writeLines(place, events.lines.slice(0, 100_000), "part");
  const retracting = produce(place, "--from", part, "--retract", "--rate", "20k");
  await untilRead(place.sql, 220_000);
  const replayed = await runOrThrow(place.environment, "scripts/replay.ts", ["--json"]);
  const { removedEvents } = JSON.parse(replayed);
  expect(removedEvents).toBeGreaterThan(10_000);
  await retracting;
  const ledger = await untilCounted(place);
  expect(ledger).toMatchObject({ retracted: 100_000, removed: removedEvents });
  const verified = await run(place.environment, "scripts/verify.ts");
  expect(verified.exitCode).toBe(1);
  expect(verified.stdout).toContain(`${100_000 - removedEvents} events are taken back and wait`);
  await expectReplayed(place, events, 100_000);
  await stopConsumer(consumer);
});

test("verify and replay say that events stay counted when the log is no longer whole", async () => {
  const place = await platform.place("shortened_taken");
  const events = makeEvents(400);
  const consumer = await startConsumer(place);
  await produce(place, "--from", writeLines(place, events.lines));
  await produce(place, "--from", writeLines(place, events.lines.slice(0, 100)), "--retract");
  await untilRead(place.sql, 500);
  const { topics } = openKafka(place.config, { clientId: "test" });
  await topics.deleteRecords(place.config.KAFKA_TOPIC, new Map([[1, 5]]));
  const verified = await run(place.environment, "scripts/verify.ts");
  expect(verified.exitCode).toBe(1);
  expect(verified.stdout).toContain("100 events are taken back and stay counted: the log");
  const replayed = await run(place.environment, "scripts/replay.ts");
  expect([replayed.exitCode, replayed.stderr]).toEqual([
    1,
    expect.stringContaining("events that are taken back stay counted: 100"),
  ]);
  expect(differences(events.counts, await readCounts(place.sql))).toEqual([]);
  await stopConsumer(consumer);
});
