/**
 * The default stack against a Kafka and a PostgreSQL that run elsewhere, as companies have them. `up`
 * starts everything else and leaves these two alone; `verify` holds.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { supervisorSocket } from "../scripts/host/folders.ts";
import { commandLine, processesWithEnvironment } from "../scripts/host/process-tree.ts";
import { answersKafka } from "../scripts/kafka/probe.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { answersPostgres } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import { named } from "../scripts/stack/order.ts";
import { services } from "../scripts/stack/services.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import { type Environment, run, runOrThrow } from "./harness/script.ts";
import { SecuredServices } from "./harness/secured-services.ts";
import { generatedSettings, removeStack, STACK_PREFIX } from "./harness/stack.ts";

const MINUTES = 60_000;
setDefaultTimeout(10 * MINUTES);

const ELSEWHERE = ["kafka", "postgres"];
const usual = named(services, []).map(({ name }) => name);

let secured: SecuredServices;
let settings: Environment;

beforeAll(async () => {
  secured = await SecuredServices.start("localhost");
  settings = {
    ...secured.access("scram-sha-512"),
    STATE_DIR: mkdtempSync(join(tmpdir(), STACK_PREFIX)),
  };
});

afterAll(async () => {
  await removeStack(settings);
  await secured?.stop();
});

const rows = async (): Promise<Row[]> =>
  JSON.parse(await runOrThrow(settings, "scripts/status.ts", ["--json"]));

test("up starts everything but what is elsewhere, and verify holds", async () => {
  await runOrThrow(settings, "scripts/up.ts");
  const generated = generatedSettings(settings);
  expect(Object.keys(generated)).toContain("SUMMARY_SECRET");
  expect(Object.keys(generated)).not.toContain("POSTGRES_PASSWORD");
  settings = { ...settings, ...generated };
  await until("all are ready", 3 * MINUTES, async () => {
    const states = (await rows()).map(({ service, state }) => `${service} ${state}`);
    expect(states).toEqual(expect.arrayContaining(usual.map((name) => `${name} ready`)));
  });
  await until(
    "verify holds",
    3 * MINUTES,
    async () => {
      const { exitCode, stdout, stderr } = await run(settings, "scripts/verify.ts");
      if (exitCode !== 0) throw new Error(stdout + stderr);
    },
    { intervalMs: 2_000 },
  );
});

test("status says which setting names what is elsewhere, and no process of it is ours", async () => {
  const elsewhere = (await rows()).filter((row) => row.elsewhere);
  expect(elsewhere.map(({ service, elsewhere }) => [service, elsewhere])).toEqual([
    ["kafka", "KAFKA_BROKERS"],
    ["postgres", "POSTGRES_HOST"],
  ]);
  for (const row of elsewhere) expect(row.processId).toBeUndefined();
  const socket = supervisorSocket(readConfig(settings));
  const commands = processesWithEnvironment([`SUPERVISOR_SOCKET=${socket}`]).map(commandLine);
  expect(commands.join("\n")).toContain("scripts/consume.ts");
  expect(commands.join("\n")).not.toMatch(/kafka\.Kafka|bin\/postgres /);
});

test("up and down refuse to start or stop what is elsewhere, naming the setting", async () => {
  for (const verb of ["up", "down"]) {
    const { exitCode, stderr } = await run(settings, `scripts/${verb}.ts`, ELSEWHERE);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("kafka: KAFKA_BROKERS says that it runs elsewhere, at localhost:"),
    ]);
  }
});

test("up fails soon and says why when what is elsewhere does not answer", async () => {
  const away = {
    ...settings,
    KAFKA_BROKERS: "localhost:1",
    STATE_DIR: `${settings.STATE_DIR}/away`,
  };
  const { exitCode, stderr } = await run(away, "scripts/up.ts", ["consumer"]);
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining("KAFKA_BROKERS says is elsewhere"),
  ]);
});

test("down stops the rest, and leaves alone what is elsewhere", async () => {
  const stopped = await runOrThrow(settings, "scripts/down.ts");
  for (const name of ELSEWHERE) expect(stopped).not.toContain(name);
  expect(stopped).toContain("superset");
  const config = readConfig(settings);
  await Promise.all([answersKafka(config), answersPostgres(config)]);
});
