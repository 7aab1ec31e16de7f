/**
 * Everyone says within 15 s which service is in trouble and since when. Asked are the health checks of
 * producer, consumer and summary, `status`, `verify`, and the public page.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../scripts/host/free-ports.ts";
import { until } from "../scripts/lib/wait.ts";
import { Cluster } from "./harness/cluster.ts";
import { type Health, readHealth, startConsumer, stopConsumer } from "./harness/consumers.ts";
import { type Fault, FaultyProxy } from "./harness/faulty-proxy.ts";
import { type Place, Platform } from "./harness/platform.ts";
import { expectVerified } from "./harness/proof.ts";
import { finish, run, start } from "./harness/script.ts";
import { Origin } from "./harness/summary-origin.ts";
import { readLedger } from "./harness/tables.ts";
import { TestWorker } from "./harness/worker.ts";

setDefaultTimeout(240_000);

/** The time that the documents promise. */
const SAID_MS_MAX = 15_000;
/** A program of the platform takes a while to start on a busy machine. */
const START_MS_MAX = 5_000;
const RECOVERED_MS_MAX = 90_000;

let cluster: Cluster;
let platform: Platform;
let place: Place;
/** Settings of programs that reach both services through proxies. */
let proxied: Record<string, string>;
let postgresProxy: FaultyProxy;
let emptyFolder: string;
beforeAll(async () => {
  cluster = await Cluster.start(1);
  platform = await Platform.start(cluster.settings);
  place = await platform.place("watched");
  const [port = 0] = await freePorts(1);
  postgresProxy = new FaultyProxy(port, place.config.POSTGRES_PORT);
  emptyFolder = mkdtempSync(join(tmpdir(), "nothing-runs-"));
  proxied = { ...place.environment, ...cluster.proxied, POSTGRES_PORT: String(port) };
});
afterAll(async () => {
  postgresProxy?.stop();
  await platform?.stop();
  await cluster?.stop();
  rmSync(emptyFolder, { recursive: true, force: true });
});

interface Watched {
  producer: ReturnType<typeof start>;
  producerPort: number;
  consumer: Awaited<ReturnType<typeof startConsumer>>;
  origin: Origin;
  worker: TestWorker;
}

let watched: Watched | undefined;
afterEach(async () => {
  if (!watched) return;
  await watched.worker.remove();
  for (const each of [watched.producer, watched.consumer, watched.origin.process]) {
    each.kill("SIGKILL");
  }
  const { consumer } = watched;
  if (consumer.exitCode) console.error(await new Response(consumer.stderr).text());
  watched = undefined;
});

async function startAll(): Promise<Watched> {
  const [producerPort = 0] = await freePorts(1);
  const environment = { ...proxied, PRODUCER_METRICS_PORT: String(producerPort) };
  const producer = start(environment, "scripts/produce.ts", ["--rate", "50"]);
  const consumer = await startConsumer({ ...place, environment });
  const origin = await Origin.start({ ...place, environment });
  const secret = place.config.SUMMARY_SECRET!;
  const originUrl = `http://127.0.0.1:${origin.port}`;
  const worker = await TestWorker.start({ originUrl, secret });
  return { producer, producerPort, consumer, origin, worker };
}

type Said = Omit<Health, "warnings">;

/** What the page tells its readers: what it waits for, or that it reaches nothing. */
async function saidByPage({ worker }: Watched): Promise<Said> {
  const { pause, stale, as_of } = await worker.summary();
  if (stale) return { ok: false, waitingFor: "stale", since: as_of };
  return pause ? { ok: false, waitingFor: pause.waiting_for, since: pause.since } : { ok: true };
}

/** Asked in a folder in which nothing runs, so that it knows the settings only. */
async function saidByStatus(name: "kafka" | "postgres"): Promise<string | undefined> {
  const elsewhere = { ...proxied, STATE_DIR: emptyFolder, POSTGRES_HOST: "localhost" };
  const { stdout } = await run(elsewhere, "scripts/status.ts", ["--json", name]);
  const [row] = JSON.parse(stdout) as { state: string; reason?: string }[];
  return row?.state === "ready" ? undefined : (row?.reason ?? "no reason");
}

type Answer = Record<string, unknown>;

/** Asks everyone until each has named the service; the answers, and when each came. */
async function askEveryone(name: "Kafka" | "PostgreSQL", all: Watched): Promise<Answer> {
  const startMs = performance.now();
  const answers: Answer = {};
  const ask = async (who: string, attempt: () => Promise<Said>, expected: string) => {
    await until(`${who} says so`, SAID_MS_MAX + START_MS_MAX, async () => {
      const said = await attempt();
      if (said.waitingFor !== expected) throw new Error(JSON.stringify(said));
      expect(Date.parse(said.since!)).toBeWithin(Date.now() - 60_000, Date.now() + 1_000);
    });
    answers[who] = Math.round((performance.now() - startMs) / 1_000);
  };
  const isKafka = name === "Kafka";
  await Promise.all([
    ask("consumer", () => readHealth(all.consumer.metricsPort), name),
    ...(isKafka ? [ask("producer", () => readHealth(all.producerPort), name)] : []),
    ...(isKafka ? [] : [ask("summary", () => readHealth(all.origin.port), name)]),
    ask("page", () => saidByPage(all), isKafka ? name : "stale").then(async () => {
      const page = await (await all.worker.get("/")).text();
      expect(page).toContain(
        isKafka ? `and waits for ${name};` : "The platform cannot be reached;",
      );
    }),
    (async () => {
      const reason = await saidByStatus(isKafka ? "kafka" : "postgres");
      answers.status = [Math.round((performance.now() - startMs) / 1_000), reason];
      expect(reason).toBeDefined();
    })(),
    (async () => {
      const verified = await run(proxied, "scripts/verify.ts");
      answers.verify = [Math.round((performance.now() - startMs) / 1_000), verified.stderr];
      expect(verified.exitCode).toBe(1);
      expect(verified.stderr).toContain(`Cannot reach ${name} at `);
    })(),
  ]);
  expect(performance.now() - startMs).toBeLessThan(SAID_MS_MAX + START_MS_MAX);
  return answers;
}

const untilWell = (all: Watched) =>
  until("everyone is well", RECOVERED_MS_MAX, async () => {
    const said = await Promise.all([
      ...[all.producerPort, all.consumer.metricsPort, all.origin.port].map(readHealth),
      saidByPage(all),
    ]);
    expect(said.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  });

test("the page names a consumer within 15 s when it is killed, and when it has stopped", async () => {
  const all = await startAll();
  watched = all;
  await untilWell(all);
  const untilUnattended = () =>
    until("the page says so", SAID_MS_MAX, async () => {
      const said = await saidByPage(all);
      expect(said).toMatchObject({ ok: false, waitingFor: "a consumer" });
      expect(Date.parse(said.since!)).toBeWithin(Date.now() - 60_000, Date.now() + 1_000);
    });
  all.consumer.kill("SIGKILL");
  await untilUnattended();
  all.consumer = await startConsumer({ ...place, environment: proxied });
  await untilWell(all);
  expect(await stopConsumer(all.consumer)).toBe(0);
  await untilUnattended();
});

const CASES = (["Kafka", "PostgreSQL"] as const).flatMap((name) =>
  (["silent", "slow", "refusing"] as const).map((fault): [typeof name, Fault] => [name, fault]),
);

for (const [name, fault] of CASES) {
  test(`everyone says it within 15 s when ${name} is ${fault}, and all is well afterwards`, async () => {
    const proxy = name === "Kafka" ? cluster.proxies[0]! : postgresProxy;
    const all = await startAll();
    watched = all;
    await untilWell(all);
    await proxy.fail(fault);
    try {
      console.info(name, fault, await askEveryone(name, all));
    } finally {
      await proxy.mend();
    }
    await untilWell(all);
    all.producer.kill("SIGTERM");
    expect((await finish(all.producer)).exitCode).toBe(0);
    await until("all is counted", 60_000, () => expectVerified(place));
    expect((await readLedger(place.sql)).duplicates).toBe(0);
    expect(await stopConsumer(all.consumer)).toBe(0);
  });
}
