/** The whole platform, as `bun run up` starts it: all services, twice, within the memory of a laptop. */
import { afterAll, expect, test } from "bun:test";
import { processesWithEnvironment } from "../scripts/host/process-tree.ts";
import { sum } from "../scripts/lib/sum.ts";
import { until } from "../scripts/lib/wait.ts";
import { named } from "../scripts/stack/order.ts";
import { services } from "../scripts/stack/services.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import type { Timings } from "../scripts/stack/show/timings.ts";
import { isLoopback, listeningAddresses } from "./harness/listening.ts";
import { type Environment, run, runOrThrow } from "./harness/script.ts";
import { generatedSettings, newSettings, removeStack } from "./harness/stack.ts";

const MINUTES = 60_000;
/** The part of 8 GB that remains beside an editor with its language servers. */
const MEMORY_BYTES_MAX = 5.5e9;

let settings: Environment = await newSettings();
const wanted = named(services, []).map(({ name }) => name);

afterAll(() => removeStack(settings), 2 * MINUTES);

interface Report {
  services: Row[];
  timings: Timings;
}

async function up(): Promise<Report> {
  const report = JSON.parse(await runOrThrow(settings, "scripts/up.ts", ["--json"])) as Report;
  settings = { ...settings, ...generatedSettings(settings) };
  return report;
}

/**
 * dbt's first run, which creates tables that some hops compare, comes a minute after the first
 * start.
 */
const untilVerified = () =>
  until(
    "verify holds",
    3 * MINUTES,
    async () => {
      const { exitCode, stdout, stderr } = await run(settings, "scripts/verify.ts", [
        ...["--expect", "all"],
      ]);
      if (exitCode !== 0) throw new Error(stdout + stderr);
    },
    { intervalMs: 2_000 },
  );

/** An interrupted run of Airflow counts as failed until the next one, a minute later. */
const untilAllReady = () =>
  until(
    "all services are ready",
    3 * MINUTES,
    async () => {
      const rows: Row[] = JSON.parse(await runOrThrow(settings, "scripts/status.ts", ["--json"]));
      const running = rows.filter(({ service }) => wanted.includes(service));
      expect(running.map(({ service, state }) => `${service} ${state}`)).toEqual(
        wanted.map((name) => `${name} ready`),
      );
      return running;
    },
    { intervalMs: 1_000 },
  );

async function expectWithinBudget(): Promise<void> {
  const bytes = (await untilAllReady()).map(({ memoryBytes = 0 }) => memoryBytes);
  expect(Math.min(...bytes)).toBeGreaterThan(0);
  expect(sum(bytes)).toBeLessThan(MEMORY_BYTES_MAX);
}

test(
  "up starts everything, verify holds, and it takes no more memory than its budget",
  async () => {
    const { services: rows, timings } = await up();
    expect(rows.map(({ service }) => service).toSorted()).toEqual(wanted.toSorted());
    expect(timings.services.map(({ name }) => name).toSorted()).toEqual(wanted.toSorted());
    const moments = timings.moments.toSorted((one, other) => one.atMs - other.atMs);
    expect(moments.map(({ name }) => name)).toEqual([
      "page with moving numbers",
      "everything ready",
    ]);
    await untilVerified();
    await expectWithinBudget();
  },
  8 * MINUTES,
);

test("nothing that up starts can be reached from another machine", () => {
  const ofStack = processesWithEnvironment([`STATE_DIR=${settings.STATE_DIR}`]);
  const addresses = listeningAddresses(ofStack);
  const portOf = (address: string) => Number.parseInt(address.split(":")[1]!, 16);
  const expected = services
    .filter(({ name }) => wanted.includes(name))
    .flatMap(({ ports }) => ports.map((setting) => Number(settings[setting])));
  expect(addresses.map(portOf)).toEqual(expect.arrayContaining(expected));
  expect(addresses.filter((address) => !isLoopback(address))).toEqual([]);
});

test(
  "a second start goes on with what the first has counted",
  async () => {
    const counted = async () => {
      const answer = await fetch(`http://127.0.0.1:${settings.WORKER_PORT}/api/summary`);
      return ((await answer.json()) as { events: number }).events;
    };
    const before = await counted();
    await runOrThrow(settings, "scripts/down.ts");
    await up();
    await untilVerified();
    await expectWithinBudget();
    expect(await counted()).toBeGreaterThan(before);
  },
  5 * MINUTES,
);
