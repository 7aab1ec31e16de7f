/** Events of a file are taken back, and every proof says what is still to do. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumer as service } from "../scripts/consume/service.ts";
import {
  askHealth,
  type ConsumerProcess,
  startConsumer,
  stopConsumer,
  untilJoined,
} from "./harness/consumers.ts";
import { randomNumbers } from "./harness/events.ts";
import { type Place, Platform } from "./harness/platform.ts";
import { expectProved } from "./harness/proof.ts";
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
