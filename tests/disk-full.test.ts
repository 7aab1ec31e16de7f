/**
 * The disk under Kafka or PostgreSQL is full while events come in. Everyone says so before and when it
 * happens, and nothing that was acknowledged is lost when there is room again.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { freePorts } from "../scripts/host/free-ports.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { until } from "../scripts/lib/wait.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import { NOT_RUN } from "../tools/container/cannot-prove.ts";
import {
  type ConsumerProcess,
  readHealth,
  startConsumer,
  stopConsumer,
} from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { finish, run, runOrThrow, start } from "./harness/script.ts";
import { canMount, SmallDisk } from "./harness/small-disk.ts";
import { Origin } from "./harness/summary-origin.ts";
import { differences, readCounts, readLedger, untilRead } from "./harness/tables.ts";

setDefaultTimeout(420_000);

if (!canMount) {
  console.error("Nothing is proved about full disks here: only root may mount a small one");
  process.exit(NOT_RUN);
}

const EVENTS = 200_000;
const RATE = 4_000;
const NO_ROOM = "no room on the disk";
const SAID_MS_MAX = 30_000;

type Name = "kafka" | "postgres";
const TITLES = { kafka: "Kafka", postgres: "PostgreSQL" } as const;
/** What each needs for itself, and some more. */
const MEGABYTES = { kafka: 300, postgres: 500 } as const;

let platform: Platform | undefined;
let disk: SmallDisk | undefined;
const processes: { pid: number; kill(signal: "SIGKILL"): void }[] = [];
afterEach(async () => {
  for (const each of processes.splice(0)) each.kill("SIGKILL");
  disk?.empty();
  await platform?.stop(() => disk?.remove());
  platform = undefined;
  disk = undefined;
});

/** A platform whose service has its data on a small disk. */
async function startOnSmallDisk(name: Name): Promise<Place> {
  platform = await Platform.start({});
  const place = await platform.place("full");
  await platform.perform("scripts/down.ts", name);
  disk = SmallDisk.of(dataFolder(place.config, name), MEGABYTES[name]);
  await platform.perform("scripts/up.ts", name);
  await platform.untilReady();
  return place;
}

async function rowOf({ environment }: Place, name: Name): Promise<Row> {
  const answer = await runOrThrow(environment, "scripts/status.ts", ["--json", name]);
  return (JSON.parse(answer) as Row[])[0]!;
}

const soon = (what: string, attempt: () => Promise<void>) => until(what, SAID_MS_MAX, attempt);

/** The disk is small from the beginning, which is worth a warning, and no fault. */
async function expectWarned(place: Place, name: Name, consumer: ConsumerProcess): Promise<void> {
  const warning = `little room on the disk of ${TITLES[name]}`;
  const { ok, warnings } = await readHealth(consumer.metricsPort);
  expect([ok, warnings.join()]).toEqual([true, expect.stringContaining(warning)]);
  const { state, warning: said } = await rowOf(place, name);
  expect([state, said]).toEqual(["ready", expect.stringContaining(warning)]);
  const doctor = await run(place.environment, "scripts/doctor.ts");
  expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining(warning)]);
  const verified = await run(place.environment, "scripts/verify.ts");
  expect([verified.exitCode, verified.stdout]).toEqual([0, expect.stringContaining(warning)]);
}

for (const name of ["kafka", "postgres"] as const) {
  const title = TITLES[name];

  test(`everyone names ${title} when its disk is full, and each event counts once when there is room again`, async () => {
    const place = await startOnSmallDisk(name);
    const { lines, counts } = makeEvents(EVENTS, { users: 20_000 });
    const consumer = await startConsumer(place);
    const origin = await Origin.start(place);
    const [port = 0] = await freePorts(1);
    const load = start(
      { ...place.environment, PRODUCER_METRICS_PORT: String(port) },
      "scripts/produce.ts",
      ["--from", writeLines(place, lines), "--rate", String(RATE), "--metrics"],
    );
    processes.push(consumer, origin.process, load);
    await untilRead(place.sql, 5_000);
    await soon("it works", () => expectWarned(place, name, consumer));

    disk!.fill();
    await soon("the consumer says so", async () => {
      const said = await readHealth(consumer.metricsPort);
      expect(said).toMatchObject({ ok: false, waitingFor: `${title}: ${NO_ROOM}` });
    });
    await soon("the public summary says so", async () => {
      const { pause } = await origin.read();
      expect(pause?.waiting_for).toBe(`${title}: ${NO_ROOM}`);
    });
    const { state, reason, warning } = await rowOf(place, name);
    expect(warning).toContain(`${NO_ROOM} of ${title}`);
    const verified = await run(place.environment, "scripts/verify.ts");
    expect(verified.stdout + verified.stderr).toContain(NO_ROOM);
    if (name === "kafka") {
      const said = await readHealth(port);
      expect(said).toMatchObject({ ok: false, waitingFor: `${title}: ${NO_ROOM}` });
      expect(state).not.toBe("ready");
      expect(verified.exitCode).toBe(1);
    } else {
      expect([state, reason]).toEqual(["faulty", NO_ROOM]);
      expect(verified.exitCode).toBe(0);
    }
    // A failed start would be repeated a few times, and then no more.
    const { restarts } = await rowOf(place, name);
    expect(restarts?.count ?? 0).toBeLessThanOrEqual(1);
    const { read } = await readLedger(place.sql);
    expect(read).toBeLessThan(EVENTS);

    disk!.empty();
    const loaded = await finish(load);
    expect(loaded).toMatchObject({ exitCode: 0 });
    if (name === "kafka") expect(loaded.stderr).toContain("Kafka is away, and ");
    expect(await untilRead(place.sql, EVENTS)).toMatchObject({ stored: EVENTS });
    expect(differences(counts, await readCounts(place.sql))).toEqual([]);
    await soon("the consumer is well", async () => {
      expect(await readHealth(consumer.metricsPort)).toMatchObject({ ok: true });
    });
    expect((await origin.read()).pause).toBeNull();
    await expectVerified(place);
    expect(await stopConsumer(consumer)).toBe(0);
  });
}
