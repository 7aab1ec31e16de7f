import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { KAFKA } from "../kafka/install.ts";
import { opsFolder, supervisorSocket } from "../scripts/host/folders.ts";
import { isFree } from "../scripts/host/free-ports.ts";
import { isAlive, processesWithEnvironment, processTree } from "../scripts/host/process-tree.ts";
import { openKafka } from "../scripts/kafka/open.ts";
import { answersKafka } from "../scripts/kafka/probe.ts";
import { type Config, readConfig } from "../scripts/lib/config.ts";
import { answersPostgres, connect } from "../scripts/lib/postgres.ts";
import { sum } from "../scripts/lib/sum.ts";
import { deadline, until } from "../scripts/lib/wait.ts";
import { secretsOf } from "../scripts/stack/secrets.ts";
import { services } from "../scripts/stack/services.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import { recordedProcess } from "../scripts/stack/supervise/supervisor.ts";
import { sendRecords } from "./harness/records.ts";
import { type Environment, run, runOrThrow, start } from "./harness/script.ts";
import { generatedSettings, newSettings, removeStack, startStack } from "./harness/stack.ts";

const MINUTES = 60_000;
const RECORDS = 500;

let settings: Environment;
let config: Config;

beforeAll(async () => {
  settings = await newSettings();
});

afterAll(async () => {
  await removeStack(settings);
}, 2 * MINUTES);

const up = (environment: Environment, ...services: string[]) =>
  run(environment, "scripts/up.ts", services);

/** The given services as `status` sees them. */
async function rows(environment: Environment, ...names: string[]): Promise<Row[]> {
  const answer = await runOrThrow(environment, "scripts/status.ts", ["--json"]);
  return (JSON.parse(answer) as Row[]).filter(({ service }) => names.includes(service));
}

const processIds = async (environment: Environment) =>
  (await rows(environment, "kafka", "postgres")).map(({ processId }) => processId!);

/** Every process of a stack carries the address of its supervisord. */
const processesOf = (of: Config) =>
  processesWithEnvironment([`SUPERVISOR_SOCKET=${supervisorSocket(of)}`]).filter(isAlive);

async function portsAreFree(of: Config): Promise<boolean> {
  const ports = [of.KAFKA_PORT, of.KAFKA_CONTROLLER_PORT, of.POSTGRES_PORT];
  return (await Promise.all(ports.map(isFree))).every(Boolean);
}

test(
  "up starts the services from nothing and keeps its secrets to itself",
  async () => {
    const { exitCode, stdout, stderr } = await up(settings, "kafka", "postgres");
    expect(stderr).not.toContain("Cannot");
    expect(exitCode).toBe(0);
    const secrets = generatedSettings(settings);
    expect(Object.keys(secrets)).toEqual(Object.keys(secretsOf(readConfig(settings), services)));
    for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
    expect(statSync(join(settings.STATE_DIR!, ".env")).mode & 0o777).toBe(0o600);
    settings = { ...settings, ...secrets };
    config = readConfig(settings);
    const states = (await rows(settings, "kafka", "postgres")).map(({ state }) => state);
    expect(states).toEqual(["ready", "ready"]);
  },
  10 * MINUTES,
);

test(
  "up starts nothing twice when it runs again",
  async () => {
    const before = await processIds(settings);
    const startedAt = performance.now();
    const { exitCode } = await up(settings, "kafka", "postgres");
    expect(exitCode).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await processIds(settings)).toEqual(before);
  },
  MINUTES,
);

test("what a service runs on cannot be removed while it runs", () => {
  for (const folder of [KAFKA.folder(config), opsFolder(config)]) {
    const removal = Bun.spawnSync(["flock", "--exclusive", "--nonblock", folder, "true"]);
    expect(removal.exitCode).toBe(1);
  }
});

test(
  "migrate does everything once when several run at the same time",
  async () => {
    const runs = await Promise.all([1, 2, 3].map(() => run(settings, "scripts/migrate.ts")));
    expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ""],
      [0, ""],
      [0, ""],
    ]);
    const output = runs.map(({ stdout }) => stdout).join("");
    expect(output.match(/Applied 0001_/g)).toHaveLength(1);
    expect(output.match(/Created topic/g)).toHaveLength(1);
    const again = await runOrThrow(settings, "scripts/migrate.ts");
    expect(again).toBe(`The database is up to date\nTopic ${config.KAFKA_TOPIC} is up to date\n`);
    const sql = connect(config, "read");
    await sql`select 1`;
    await sql.end();
  },
  2 * MINUTES,
);

async function waitsForPostgres({ CONSUMER_METRICS_PORT: port }: Config): Promise<void> {
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  expect([health.status, await health.json()]).toMatchObject([
    503,
    { ok: false, waitingFor: "PostgreSQL", since: expect.any(String) },
  ]);
}

/** Its last numbers may be young enough to be answered; after that it waits for the database. */
async function answersNoHealth({ SUMMARY_PORT: port }: Config): Promise<void> {
  const answer = deadline(fetch(`http://127.0.0.1:${port}/healthz`), 1_000);
  expect(await answer.then(({ ok }) => ok).catch(() => false)).toBe(false);
}

test(
  "status says within 15 s what does not work when PostgreSQL is stopped, and calls none of it ready",
  async () => {
    expect((await up(settings, "consumer", "summary")).exitCode).toBe(0);
    const [{ processId = 0 } = {}] = await rows(settings, "postgres");
    const server = processTree(processId);
    const names = ["postgres", "consumer", "summary"];
    try {
      for (const each of server) process.kill(each, "SIGSTOP");
      const stoppedMs = performance.now();
      const saysConsumer = until("the consumer says so", 15_000, () => waitsForPostgres(config));
      const saysSummary = until("the summary says so", 15_000, () => answersNoHealth(config));
      const [postgres] = await rows(settings, "postgres");
      expect(postgres!.state).not.toBe("ready");
      expect(performance.now() - stoppedMs).toBeLessThan(15_000);
      await Promise.all([saysConsumer, saysSummary]);
      const states = (await rows(settings, ...names)).map(({ state }) => state);
      expect(states).not.toContain("ready");
    } finally {
      for (const each of server) process.kill(each, "SIGCONT");
    }
    await until("all are ready again", MINUTES, async () => {
      const states = (await rows(settings, ...names)).map(({ state }) => state);
      expect(states).toEqual(["ready", "ready", "ready"]);
    });
    await runOrThrow(settings, "scripts/down.ts", ["consumer", "summary"]);
  },
  3 * MINUTES,
);

test(
  "status says how often a program was restarted, and why, in 80 columns",
  async () => {
    const [{ processId = 0 } = {}] = await rows(settings, "postgres");
    process.kill(processId, "SIGKILL");
    const row = await until("it is ready again", MINUTES, async () => {
      const [postgres] = await rows(settings, "postgres");
      if (postgres?.state !== "ready" || postgres.processId === processId) {
        throw new Error(JSON.stringify(postgres));
      }
      return postgres;
    });
    expect(row.restarts).toMatchObject({ count: 1, reason: "terminated by SIGKILL" });
    const table = await runOrThrow(settings, "scripts/status.ts");
    expect(table.replace(/\s+/g, " ")).toContain("restarted once, last");
    for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  },
  2 * MINUTES,
);

test(
  "what was acknowledged is there when Kafka and PostgreSQL were killed",
  async () => {
    await sendRecords(
      config,
      Array.from({ length: RECORDS }, (_, key) => ({ key: String(key), value: "a record" })),
    );
    const sql = connect(config, "owner");
    await sql`create table survives as select generate_series(1, ${RECORDS}) as number`;
    await sql.end();

    const killed = await processIds(settings);
    for (const processId of killed) process.kill(processId, "SIGKILL");
    await until("both answer again", MINUTES, async () => {
      if (killed.some(isAlive)) throw new Error("the killed processes are still there");
      await Promise.all([answersKafka(config), answersPostgres(config)]);
    });

    const kafka = openKafka(config, { clientId: "test", patience: "long" });
    const log = await kafka.logState(config.KAFKA_TOPIC);
    expect(sum(log.values().map(({ logEnd }) => logEnd))).toBe(RECORDS);
    const after = connect(config, "owner");
    const [row] = await after`select count(*) from survives`;
    await after.end();
    expect(row?.count).toBe(RECORDS);
  },
  3 * MINUTES,
);

test(
  "up names the port and the setting when a port is taken, and leaves nothing",
  async () => {
    const other = await newSettings();
    const holder = createServer().listen(Number(other.KAFKA_PORT), "127.0.0.1");
    try {
      const { exitCode, stderr } = await up(other, "kafka", "postgres");
      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        `Cannot start kafka: port ${other.KAFKA_PORT} is in use; set KAFKA_PORT to a free one`,
      );
      expect(processesOf(readConfig(other))).toEqual([]);
      expect(existsSync(join(other.STATE_DIR!, "postgres"))).toBe(false);
    } finally {
      holder.close();
      await removeStack(other);
    }
  },
  MINUTES,
);

test(
  "up shows the log of a service that fails, and stops what it started",
  async () => {
    const failing = await startStack({ services: ["postgres"] });
    try {
      await runOrThrow(failing.settings, "scripts/down.ts");
      const other = { ...failing.settings, POSTGRES_DB: "another_database" };
      const { exitCode, stderr } = await up(other, "kafka", "postgres");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Cannot start postgres");
      expect(stderr).toContain("set POSTGRES_DB and POSTGRES_USER back");
      expect(processesOf(failing.config)).toEqual([]);
      expect(await portsAreFree(failing.config)).toBe(true);
    } finally {
      await failing.stop();
    }
  },
  2 * MINUTES,
);

/** A cache with the runtimes of the quick services, and the address to fetch Trino from. */
async function withoutTrino(repository: string) {
  const other = await newSettings({ MAVEN_REPOSITORY_URL: repository });
  const cache = mkdtempSync(join(tmpdir(), "stack-cache-"));
  for (const folder of [opsFolder(config), KAFKA.folder(config)]) {
    symlinkSync(folder, join(cache, basename(folder)));
  }
  return { ...other, CACHE_DIR: cache };
}

test(
  "up keeps what works when what a slow service runs on cannot be installed",
  async () => {
    const other = await withoutTrino("http://127.0.0.1:9");
    try {
      const { exitCode, stdout, stderr } = await up(other, "trino");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Cannot download http://127.0.0.1:9/io/trino/trino-server");
      expect(stderr).toContain("works and goes on. `bun run up trino` tries again");
      expect(stdout).toMatch(/^kafka +ready [\s\S]*^trino +stopped/m);
      const states = (await rows(other, "kafka", "postgres", "trino")).map(({ state }) => state);
      expect(states).toEqual(["ready", "ready", "stopped"]);
      const left = readdirSync(other.CACHE_DIR).filter((name) => name.startsWith("trino"));
      expect(left).toEqual([]);
    } finally {
      await removeStack(other);
      rmSync(other.CACHE_DIR, { recursive: true });
    }
  },
  2 * MINUTES,
);

/** An `up` that has started the quick services and waits for Trino's archive, which never comes. */
async function whileUpInstalls(
  prove: (
    other: Awaited<ReturnType<typeof withoutTrino>>,
    program: ReturnType<typeof start>,
  ) => Promise<void>,
): Promise<void> {
  const asked = Promise.withResolvers<void>();
  const repository = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: () => {
      asked.resolve();
      return new Promise<Response>(() => {});
    },
  });
  const other = await withoutTrino(`http://127.0.0.1:${repository.port}`);
  const program = start(other, "scripts/up.ts", ["trino"]);
  await asked.promise;
  try {
    expect(processesOf(readConfig(other))).not.toEqual([]);
    await prove(other, program);
  } finally {
    await repository.stop(true);
    await removeStack(other);
    rmSync(other.CACHE_DIR, { recursive: true });
  }
}

test(
  "up stops what it started when Ctrl-C comes while something slow is installed",
  () =>
    whileUpInstalls(async (other, program) => {
      program.kill("SIGINT");
      expect(await program.exited).toBe(1);
      expect(await new Response(program.stderr).text()).toContain("SIGINT came");
      expect(processesOf(readConfig(other))).toEqual([]);
    }),
  2 * MINUTES,
);

test(
  "down ends an up that still installs, which status has shown, so that nothing starts afterwards",
  () =>
    whileUpInstalls(async (other, program) => {
      const shown = await run(other, "scripts/status.ts");
      expect(shown.stderr).toContain(`Process ${program.pid} has not finished starting`);
      const { exitCode, stderr } = await run(other, "scripts/down.ts");
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining("which starts the stack")]);
      expect(await program.exited).toBe(1);
      expect(processesOf(readConfig(other))).toEqual([]);
    }),
  2 * MINUTES,
);

test(
  "two stacks of one checkout live side by side, each with its own data",
  async () => {
    const before = await processIds(settings);
    const second = await startStack({ services: ["kafka", "postgres"] });
    try {
      const sql = connect(second.config, "owner");
      const [row] = await sql`select to_regclass('survives') as found`;
      await sql.end();
      expect(row?.found).toBeNull();
    } finally {
      await second.stop();
    }
    expect(processesOf(second.config)).toEqual([]);
    expect(await processIds(settings)).toEqual(before);
  },
  2 * MINUTES,
);

test(
  "up restarts what runs when a setting changed, and says which",
  async () => {
    const before = await processIds(settings);
    settings = { ...settings, KAFKA_HEAP_MB: "320" };
    const { exitCode, stderr } = await up(settings, "kafka");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("settings changed: KAFKA_HEAP_MB");
    const after = await rows(settings, "kafka", "postgres");
    expect(after.map(({ state }) => state)).toEqual(["ready", "ready"]);
    expect(after.map(({ processId }) => processId)).not.toEqual(before);
  },
  2 * MINUTES,
);

test(
  "up restarts what runs when the code changed, as after a pull",
  async () => {
    const before = await processIds(settings);
    expect((await up(settings, "kafka")).stderr).not.toContain("Restarting");
    // As if another checkout had started it.
    writeFileSync(join(settings.STATE_DIR!, "run/code"), "another");
    const { exitCode, stderr } = await up(settings, "kafka");
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("because the code changed")]);
    expect(await processIds(settings)).not.toEqual(before);
  },
  2 * MINUTES,
);

test(
  "down leaves no process when supervisord was killed",
  async () => {
    process.kill(recordedProcess(config)!, "SIGKILL");
    await runOrThrow(settings, "scripts/down.ts");
    expect(processesOf(config)).toEqual([]);
    expect(await portsAreFree(config)).toBe(true);
  },
  2 * MINUTES,
);

test(
  "down leaves no process and keeps the data, and --wipe deletes it after saying what",
  async () => {
    expect((await up(settings, "kafka", "postgres")).exitCode).toBe(0);
    await runOrThrow(settings, "scripts/down.ts");
    expect(processesOf(config)).toEqual([]);
    expect(await portsAreFree(config)).toBe(true);
    expect(existsSync(join(settings.STATE_DIR!, "postgres"))).toBe(true);

    const unconfirmed = await run(settings, "scripts/down.ts", ["--wipe"]);
    expect(unconfirmed.exitCode).toBe(2);
    const output = await runOrThrow(settings, "scripts/down.ts", ["--wipe", "--yes"]);
    expect(output).toContain(`Will delete ${join(settings.STATE_DIR!, "kafka")}`);
    expect(readdirSync(settings.STATE_DIR!)).toEqual([".env"]);
  },
  3 * MINUTES,
);

test("up and logs list the services when they are given another name", async () => {
  for (const script of ["scripts/up.ts", "scripts/logs.ts"]) {
    const { exitCode, stderr } = await run(settings, script, ["kafak"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Cannot find service kafak: the services are kafka, postgres");
  }
});
