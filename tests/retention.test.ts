/** The log cannot fill a disk: real retention deletes the oldest segments, by bytes and by age. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { kafka } from "../kafka/service.ts";
import { folderBytes } from "../scripts/host/folder-size.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { until } from "../scripts/lib/wait.ts";
import { topicSettings } from "../scripts/migrate/topic.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { differences, readCounts, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

const RETENTION_BYTES = 1_048_576;
const PARTITIONS = 4;

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start({
    KAFKA_RETENTION_BYTES: String(RETENTION_BYTES),
    KAFKA_RETENTION_CHECK_MS: "1000",
  });
});
afterAll(() => platform.stop());

/**
 * A place whose topic deletes the file of a segment at once. By default Kafka keeps the file for
 * another minute.
 */
async function impatientPlace(name: string): Promise<Place> {
  const { config } = platform;
  await openKafka(config, { clientId: "test" }).topics.create({
    name,
    partitions: PARTITIONS,
    replicationFactor: 1,
    settings: { ...topicSettings(config), "file.delete.delay.ms": "100" },
  });
  return platform.place(name);
}

async function send(place: Place, lines: string[]): Promise<void> {
  const path = writeLines(place, lines);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
}

/** Waits until retention has deleted the beginning of every partition. */
function untilShortened(place: Place): Promise<void> {
  const kafka = openKafka(place.config, { clientId: "test" });
  return until("retention has deleted records of every partition", 120_000, async () => {
    const log = await kafka.logState(place.config.KAFKA_TOPIC);
    const whole = [...log].filter(([, { logStart }]) => logStart === 0);
    if (whole.length > 0) throw new Error(`${whole.length} partitions are whole`);
  });
}

test("the log stays within its bytes when more is sent than it may hold, and counts stay exact", async () => {
  const place = await impatientPlace("bounded");
  const { lines, counts } = makeEvents(400_000, { users: 1_000 });
  const consumer = await startConsumer(place);
  await send(place, lines);
  await untilRead(place.sql, lines.length);
  await untilShortened(place);
  await until("the log is within its bytes", 120_000, async () => {
    const bytes = Array.from({ length: PARTITIONS }, (_, partition) =>
      folderBytes(join(place.config.STATE_DIR, "kafka/data", `bounded-${partition}`)),
    );
    // The active segment is never deleted, and comes on top.
    const most = Math.max(...bytes);
    expect(Math.min(...bytes)).toBeGreaterThan(0);
    if (most > 2 * RETENTION_BYTES) throw new Error(`a partition takes ${most} bytes`);
  });
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  expect((await run(place.environment, "scripts/verify.ts")).exitCode).toBe(0);
  expect(await stopConsumer(consumer)).toBe(0);
});

test("migrate gives an existing topic another retention when the settings change, and keeps the rest", async () => {
  const place = await impatientPlace("changed");
  const { topics } = openKafka(place.config, { clientId: "test" });
  const environment = { ...place.environment, KAFKA_RETENTION_HOURS: "2", KAFKA_PARTITIONS: "2" };
  const { exitCode, stdout, stderr } = await run(environment, "scripts/migrate.ts");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Topic changed: retention.ms is 7200000 now, and was 604800000");
  expect(stderr).toContain("partitions are never taken away");
  expect(await kafka.facts?.(readConfig(environment))).toContain("differs from the settings");
  const settings = await topics.settings("changed");
  expect(settings.get("retention.ms")).toBe("7200000");
  expect(settings.get("file.delete.delay.ms")).toBe("100");
  expect(settings.get("message.timestamp.type")).toBe("LogAppendTime");
  const again = await runOrThrow(place.environment, "scripts/migrate.ts");
  expect(again).toContain("retention.ms is 604800000 now");
  expect(await runOrThrow(place.environment, "scripts/migrate.ts")).toContain("is up to date");
});

test("consume stops and says so when real retention has overtaken it", async () => {
  const place = await platform.place("overtaken");
  const consumer = await startConsumer(place);
  await send(place, makeEvents(1_000).lines);
  await untilRead(place.sql, 1_000);
  await stopConsumer(consumer);
  await send(place, makeEvents(400_000, { users: 1_000, seed: 2 }).lines);
  await untilShortened(place);
  const refused = await run(place.environment, "scripts/consume.ts");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("the log has deleted them unread");
});
