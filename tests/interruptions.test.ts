/**
 * Interruptions of counting without a kill: a database that stands still, a log that was cut, a
 * topic that was created again. Counting waits, or stops and says what to do.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { processTree } from "../scripts/host/process-tree.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { until } from "../scripts/lib/wait.ts";
import { startConsumer, stopConsumer, untilJoined } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { run, runOrThrow, start } from "./harness/script.ts";
import { differences, readCounts, untilRead } from "./harness/tables.ts";
import { createTopic } from "./harness/topics.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

test("consume pauses, rejects nothing and catches up when the database stands still for a minute", async () => {
  const place = await platform.place("frozen");
  const { lines, counts } = makeEvents(30_000);
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  const load = start(place.environment, "scripts/produce.ts", [
    ...["--from", writeLines(place, lines), "--rate", "2000"],
  ]);
  await untilRead(place.sql, 2_000);
  const database = processTree(await platform.processId("postgres"));
  for (const id of database) process.kill(id, "SIGSTOP");
  const thawAtMs = performance.now() + 60_000;
  await until("a minute has passed", 70_000, async () => {
    if (performance.now() < thawAtMs) throw new Error("not yet");
  });
  for (const id of database) process.kill(id, "SIGCONT");
  expect(await load.exited).toBe(0);
  expect(await untilRead(place.sql, 30_000)).toEqual({
    read: 30_000,
    stored: 30_000,
    duplicates: 0,
    rejected: 0,
  });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect(await stopConsumer(consumer)).toBe(0);
});

/** Sends the lines and counts them with a consumer that is stopped afterwards. */
async function countThenStop(place: Place, lines: string[]): Promise<void> {
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", writeLines(place, lines)]);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, lines.length);
  await stopConsumer(consumer);
}

/** Deletes the log up to its end, as retention does, and appends further events. */
async function deleteLog(place: Place): Promise<void> {
  const kafka = openKafka(place.config, { clientId: "test" });
  const log = await kafka.logState(place.config.KAFKA_TOPIC);
  const ends = [...log].map(([partition, { logEnd }]) => [partition, logEnd] as const);
  await kafka.topics.deleteRecords(place.config.KAFKA_TOPIC, new Map(ends));
}

test("consume stops and says which offsets are gone when retention has passed the stored ones", async () => {
  const place = await platform.place("retention");
  await countThenStop(place, makeEvents(1_000, { seed: 1 }).lines);
  const { lines } = makeEvents(500, { seed: 2 });
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", writeLines(place, lines)]);
  await deleteLog(place);
  const later = makeEvents(200, { seed: 3 });
  await runOrThrow(place.environment, "scripts/produce.ts", [
    ...["--from", writeLines(place, later.lines)],
  ]);

  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/Cannot count offsets \d+ to \d+ of retention\/\d/);
  expect(refused.stderr).toContain("CONSUMER_LOST_RECORDS=accept");

  const consumer = await startConsumer(place, { CONSUMER_LOST_RECORDS: "accept" });
  const ledger = await untilRead(place.sql, 1_700);
  expect(ledger.stored).toBe(1_200);
  await stopConsumer(consumer);
  const verified = await run(place.environment, "scripts/verify.ts");
  expect(verified.exitCode).toBe(1);
  expect(verified.stdout).toContain("records were deleted unread");
  expect(verified.stdout).toContain("The first hop that differs: kafka → consumer");
});

test("consume refuses to go on when the topic was deleted and created again", async () => {
  const place = await platform.place("recreated");
  await countThenStop(place, makeEvents(300).lines);
  await openKafka(place.config, { clientId: "test" }).topics.delete("recreated");
  await createTopic(place.config);
  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the topic has been deleted and created again");
});

test("consume refuses to count when another group counts the same topic already", async () => {
  const place = await platform.place("groups");
  await countThenStop(place, makeEvents(100).lines);
  const refused = await run(
    { ...place.environment, KAFKA_GROUP_ID: "another" },
    "scripts/consume.ts",
  );
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("set KAFKA_TOPIC=groups and KAFKA_GROUP_ID=groups");
});

test("consume names the command that mends it when the schema is not migrated", async () => {
  const place = await platform.place("unmigrated");
  await place.sql`drop table platform.migrations`;
  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the schema is not migrated; run `bun run migrate`");
});

test("consume names every wrong setting and ends with status 2 when settings are wrong", async () => {
  const refused = await run(
    { PATH: process.env.PATH ?? "", KAFKA_PORT: "many", POSTGRES_SSLMODE: "perhaps" },
    "scripts/consume.ts",
  );
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("KAFKA_PORT");
  expect(refused.stderr).toContain("POSTGRES_SSLMODE");
});
