/**
 * The fence against zombies: a consumer that is frozen past its session still holds records that
 * its successor counts. The same scenario runs with and without the fence. Without it, events must
 * be counted twice, or else these tests would prove nothing.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "../scripts/lib/postgres.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { askHealth, startConsumer, stopConsumer, untilJoined } from "./harness/consumers.ts";
import { makeEvents, sumCounts, type TestEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectProved } from "./harness/proof.ts";
import { runOrThrow } from "./harness/script.ts";
import { differences, readCounts, readDays, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);
const SESSION = { CONSUMER_SESSION_TIMEOUT_MS: "6000" };

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.stop());

/** The number of transactions that wait for a lock; nothing else runs in these services. */
async function waitingTransactions(place: Place): Promise<number> {
  const [row] = await place.sql`select count(distinct pid) from pg_locks where not granted`;
  return row?.count;
}

async function untilWaiting(place: Place, count: number): Promise<void> {
  await until(`${count} transactions wait for the lock`, 60_000, async () => {
    const waiting = await waitingTransactions(place);
    if (waiting < count) throw new Error(`${waiting} wait`);
  });
}

/**
 * A consumer is frozen with a transaction under way and further records read. Its successor reads
 * the same records; then both go on. Returns the final content of the tables.
 */
async function runZombie(place: Place, script?: string) {
  const { lines, counts, days } = makeEvents(4_000);
  const send = (part: string[], name: string) => {
    const path = writeLines(place, part, name);
    return runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
  };
  const zombie = await startConsumer(place, SESSION, script);
  await untilJoined(zombie);
  await send(lines.slice(0, 1_000), "first");
  await untilRead(place.sql, 1_000);

  const blocker = connect(place.config, "owner", { connections: 1, applicationName: "blocker" });
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const blocking = blocker.begin(async (transaction) => {
    await transaction`select from streaming.consumer_offsets for update`;
    held.resolve();
    await release.promise;
  });
  await held.promise;
  await send(lines.slice(1_000, 2_500), "second");
  await untilWaiting(place, 4);
  await send(lines.slice(2_500), "third");
  await until("the zombie has read everything", 30_000, async () => {
    const metrics = await fetch(`http://127.0.0.1:${zombie.metricsPort}/metrics`);
    const lag = (await metrics.text()).matchAll(/rtdp_lag_records\{.*\} (\d+)/g);
    const read = sum(lag.map(([, records]) => Number(records)));
    if (read < 3_000) throw new Error(`it waits to store ${read} records`);
  });
  zombie.kill("SIGSTOP");

  const successor = await startConsumer(place, SESSION, script);
  await untilJoined(successor);
  await untilWaiting(place, 8);
  release.resolve();
  await blocking;
  await blocker.end();
  await until("the successor has counted everything", 60_000, async () => {
    const { read } = await readLedger(place.sql);
    if (read < 4_000) throw new Error(`${read} are`);
  });
  zombie.kill("SIGCONT");
  await until("the zombie has found out", 60_000, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${zombie.metricsPort}/metrics`)).text();
    const stored = /rtdp_events_stored_total (\d+)/.exec(metrics)?.[1];
    const fenced = /rtdp_transactions_fenced_total (\d+)/.exec(metrics)?.[1];
    if (Number(fenced) === 0 && Number(stored) < 4_000) throw new Error(`${stored}, ${fenced}`);
  });
  await stopConsumer(zombie);
  await stopConsumer(successor);
  return {
    counts,
    days,
    found: await readCounts(place.sql),
    foundDays: await readDays(place.sql),
    ledger: await readLedger(place.sql),
  };
}

test("consume counts each event once when a zombie wakes after its successor took over", async () => {
  const { counts, days, found, foundDays, ledger } = await runZombie(
    await platform.place("fenced"),
  );
  expect(ledger.stored).toBe(4_000);
  expect(foundDays).toEqual(days);
  expect(differences(counts, found)).toEqual([]);
});

test("consume counts events twice in the same scenario when the fence is taken away", async () => {
  const place = await platform.place("unfenced");
  const { ledger } = await runZombie(place, "tests/harness/unfenced-consumer.ts");
  expect(ledger.stored).toBeGreaterThan(4_000);
});

test("consume counts each event once when a crash of PostgreSQL forgets its last transactions", async () => {
  const place = await platform.place("forgotten");
  const admin = connect(platform.config, "admin", { connections: 1 });
  const consumer = await startConsumer(place);
  const lots: TestEvents[] = [];
  const sent = () => sum(lots.map(({ lines }) => lines.length));
  const send = async () => {
    const lot = makeEvents(500, { seed: lots.length + 1 });
    lots.push(lot);
    const path = writeLines(place, lot.lines, `lot-${lots.length}`);
    await runOrThrow(place.environment, "scripts/produce.ts", ["--from", path]);
    await untilRead(place.sql, sent());
  };
  try {
    await untilJoined(consumer);
    await admin`alter system set wal_writer_delay = '10s'`;
    await admin`select pg_reload_conf()`;
    await until("PostgreSQL forgets what was stored", 120_000, async () => {
      const postgres = await platform.processId("postgres");
      await send();
      // It must not count again before the tables are read.
      consumer.kill("SIGSTOP");
      process.kill(postgres, "SIGKILL");
      await platform.untilReady();
      const { read } = await readLedger(place.sql);
      consumer.kill("SIGCONT");
      if (read === sent()) throw new Error("all was on the disk");
    });
    await untilRead(place.sql, sent());
    expect(
      differences(sumCounts(...lots.map(({ counts }) => counts)), await readCounts(place.sql)),
    ).toEqual([]);
    await expectProved(place);
    expect((await askHealth(consumer)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${consumer.metricsPort}/metrics`)).text();
    expect(Number(/rtdp_transactions_fenced_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(0);
    expect(await stopConsumer(consumer)).toBe(0);
  } finally {
    await admin`alter system reset wal_writer_delay`;
    await admin`select pg_reload_conf()`;
    await admin.end({ timeout: 1 });
  }
});
