/**
 * The log is not the one that was counted: its topic was deleted, or created again. Counting stops
 * before anything of the other log is counted, and the message names the next command.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { openKafka } from "../scripts/kafka/open.ts";
import { until } from "../scripts/lib/wait.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { makeEvents, type TestEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { differences, readCounts, untilRead } from "./harness/tables.ts";
import { createTopic } from "./harness/topics.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

/** The time limit that the documents promise. */
const NOTICED_MS_MAX = 15_000;

const kafkaOf = ({ config }: Place) => openKafka(config, { clientId: "test" });

const send = (place: Place, { lines }: TestEvents) =>
  runOrThrow(place.environment, "scripts/produce.ts", ["--from", writeLines(place, lines)]);

/** A consumer that has counted the events, and goes on. */
async function counting(place: Place, events: TestEvents): Promise<ConsumerProcess> {
  const consumer = await startConsumer(place);
  await untilJoined(consumer);
  await send(place, events);
  await untilRead(place.sql, events.lines.length);
  return consumer;
}

/** Waits until `/healthz` says why counting has stopped. */
const untilStopped = (consumer: ConsumerProcess, reason: string) =>
  until(`the consumer says: ${reason}`, NOTICED_MS_MAX, async () => {
    const response = await askHealth(consumer);
    const text = await response.text();
    if (response.status !== 503 || !text.includes(reason)) {
      throw new Error(`${response.status} ${text}`);
    }
  });

/** The consumer ends, and the tables hold the events and nothing else. */
async function expectStopped(place: Place, consumer: ConsumerProcess, events: TestEvents) {
  expect(await consumer.exited).toBe(1);
  expect(await new Response(consumer.stderr).text()).toContain("bun run down postgres --wipe");
  expect(differences(events.counts, await readCounts(place.sql))).toEqual([]);
  const verified = await run(place.environment, "scripts/verify.ts");
  expect(verified.exitCode).toBe(1);
  return verified.stdout + verified.stderr;
}

const CREATED_AGAIN = "the topic has been deleted and created again";

for (const [how, records] of [
  ["stays empty", 0],
  ["grows beyond what was counted", 3_000],
] as const) {
  test(`consume stops within 15 s and counts nothing else when the topic is created again and ${how}`, async () => {
    const place = await platform.place(`again_${records}`);
    const events = makeEvents(1_000);
    const consumer = await counting(place, events);
    await kafkaOf(place).topics.delete(place.config.KAFKA_TOPIC);
    await createTopic(place.config);
    if (records > 0) await send(place, makeEvents(records, { seed: 2 }));
    await untilStopped(consumer, CREATED_AGAIN);
    expect(await expectStopped(place, consumer, events)).toContain("in another topic of this name");
  });
}

test("consume stops within 15 s when the topic is deleted, and migrate makes no new one", async () => {
  const place = await platform.place("deleted");
  const events = makeEvents(1_000);
  const consumer = await counting(place, events);
  await kafkaOf(place).topics.delete("deleted");
  await untilStopped(consumer, "the topic has been deleted");
  const migrated = await run(place.environment, "scripts/migrate.ts");
  expect(migrated.exitCode).toBe(1);
  expect(migrated.stderr).toContain("bun run down postgres --wipe");
  await expectStopped(place, consumer, events);
  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the topic has been deleted (counted was");
});

test("consume goes on exactly when the offsets of its group are deleted in Kafka", async () => {
  const place = await platform.place("forgotten");
  const first = makeEvents(1_000);
  await stopConsumer(await counting(place, first));
  await until("the group is deleted", 30_000, () => kafkaOf(place).groups.delete("forgotten"));
  const second = makeEvents(1_000, { seed: 2 });
  await send(place, second);
  const consumer = await startConsumer(place);
  expect(await untilRead(place.sql, 2_000)).toMatchObject({ stored: 2_000, duplicates: 0 });
  await expectVerified(place);
  expect(await stopConsumer(consumer)).toBe(0);
});
