/** A Kafka of three brokers, as companies run it: they are killed, and connections to them are cut. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { kafkaDependency } from "../scripts/kafka/dependency.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { connect } from "../scripts/produce/delivery/connect.ts";
import { Sender } from "../scripts/produce/delivery/sender.ts";
import { Cluster } from "./harness/cluster.ts";
import { startConsumer, stopConsumer, untilJoined } from "./harness/consumers.ts";
import { makeEvents, randomNumbers, sumCounts } from "./harness/events.ts";
import { Pauses } from "./harness/pauses.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { sendRecords } from "./harness/records.ts";
import { finish, start } from "./harness/script.ts";
import { differences, readCounts, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(600_000);

const BROKERS = 3;
const PAUSE_MS_MAX = 10_000;

let cluster: Cluster;
let platform: Platform;
beforeAll(async () => {
  cluster = await Cluster.start(BROKERS);
  platform = await Platform.start(cluster.settings);
});
afterAll(async () => {
  await platform?.stop();
  await cluster?.stop();
});

/** Dead letters whose payload is an event now, as after a mistake that was mended. */
async function makeLetters(place: Place, lines: readonly string[]): Promise<void> {
  const before = (await place.sql`select from streaming.dead_letters`).length;
  const userOf = (line: string): string => String(JSON.parse(line).user_id);
  await sendRecords(
    place.config,
    lines.map((line) => ({ key: userOf(line), value: `broken ${line}` })),
  );
  await until("they are dead letters", 60_000, async () => {
    const { length } = await place.sql`select from streaming.dead_letters`;
    if (length < before + lines.length) throw new Error(`${length} are`);
  });
  await place.sql`
    update streaming.dead_letters
    set payload = substr(payload, 8), payload_bytes = payload_bytes - 7
    where replayed_at is null`;
}

test("consume counts each acknowledged event once, with short pauses, when each of three brokers is killed", async () => {
  const EVENTS = 150_000;
  const LETTERS = 500;
  const place = await platform.place("killed");
  const events = makeEvents(EVENTS, { users: 500 });
  const letters = Array.from({ length: BROKERS }, (_, seed) =>
    makeEvents(LETTERS, { seed: seed + 2 }),
  );
  const consumers = [await startConsumer(place), await startConsumer(place)];
  for (const consumer of consumers) await untilJoined(consumer);
  const load = start(place.environment, "scripts/produce.ts", [
    ...["--from", writeLines(place, events.lines), "--rate", "1500"],
  ]);
  await untilRead(place.sql, 3_000);
  const pauses = new Pauses(place.sql);
  const longestMs = load.exited.then(() => pauses.stop());
  for (const [index, { lines }] of letters.entries()) {
    await makeLetters(place, lines);
    const replay = start(place.environment, "scripts/dead-letters.ts", ["replay", "--all"]);
    await until("some are replayed", 60_000, async () => {
      const { length } = await place.sql`
        select from streaming.dead_letters where replayed_at is not null`;
      if (length < index * LETTERS + 10) throw new Error(`${length} are`);
    });
    await cluster.kill(index);
    expect(await finish(replay)).toMatchObject({ exitCode: 0 });
    const { read } = await readLedger(place.sql);
    await untilRead(place.sql, Math.min(read + 5_000, EVENTS));
    cluster.restart(index);
    await cluster.untilInSync(place.config.KAFKA_TOPIC);
  }
  expect(await finish(load)).toMatchObject({ exitCode: 0 });
  // Poison, its replay and the file: a record that was lost would be missing here.
  const wanted = EVENTS + BROKERS * LETTERS;
  const ledger = await untilRead(place.sql, wanted + BROKERS * LETTERS);
  expect(ledger).toMatchObject({ stored: wanted, rejected: BROKERS * LETTERS });
  const counts = sumCounts(events.counts, ...letters.map((lot) => lot.counts));
  expect(differences(counts, await readCounts(place.sql))).toEqual([]);
  await expectVerified(place);
  for (const consumer of consumers) expect(await stopConsumer(consumer)).toBe(0);
  expect(await longestMs).toBeLessThan(PAUSE_MS_MAX);
});

test("a sender waits and loses nothing when connections to all brokers are cut all the time", async () => {
  const ROUNDS = 12;
  const RECORDS = 300;
  const topic = "cut";
  const kafka = openKafka(readConfig(cluster.settings), { clientId: "test" });
  await kafka.topics.create({ name: topic, partitions: 4, replicationFactor: 3, settings: {} });
  const random = randomNumbers(7);
  for (const proxy of cluster.proxies) {
    proxy.cuts = () => ({ msMax: 2 + random() * 80, bytesMax: random() * 8_000 });
  }
  let outages = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const config = readConfig(cluster.proxied);
    const dependency = kafkaDependency(config, { onAway: () => outages++, onBack() {} });
    const connection = await connect(config, topic, dependency, { waitMs: 60_000 });
    const sender = new Sender(connection, dependency);
    for (let key = 0; key < RECORDS; key++) {
      sender.add({ key: String(key), value: "x".repeat(100) });
    }
    await sender.flush();
    await connection.close();
  }
  for (const proxy of cluster.proxies) proxy.cuts = undefined;
  expect(sum(cluster.proxies.map(({ cutCount }) => cutCount))).toBeGreaterThan(ROUNDS);
  expect(outages).toBeGreaterThan(0);
  const log = await kafka.logState(topic);
  expect(sum([...log.values()].map(({ logEnd }) => logEnd))).toBe(ROUNDS * RECORDS);
});
