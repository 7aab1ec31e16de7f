/**
 * Airflow as `up` starts it, with everything that its runs touch: dbt really settles the consumer's
 * counts. One start for the whole file; the tests follow each other on the same stack.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { supervisorSocket } from "../scripts/host/folders.ts";
import { isFree } from "../scripts/host/free-ports.ts";
import { commandLine, isAlive, processesWithEnvironment } from "../scripts/host/process-tree.ts";
import { type Config, ROOT, secretSettings } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { until } from "../scripts/lib/wait.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import { listeningAddresses } from "./harness/listening.ts";
import { run, runOrThrow } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";

const MINUTES = 60_000;
const DAG = "dbt_refresh_summary";

/** Polling uses the same two processors, so there is a pause between two polls. */
const seldom = { intervalMs: 1_000 };

/** Characters with different meanings for a URL, a shell and a template. */
const ODD = `p@s:s/%41$HOME#?'" x`;

interface Run {
  dag_run_id: string;
  run_type: string;
  run_after: string;
  state: string;
}

let stack: Stack;
let config: Config;
let dags: string;
let token: string;
const alerts: Record<string, string>[] = [];
const webhook = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    alerts.push((await request.json()) as Record<string, string>);
    return new Response();
  },
});

beforeAll(async () => {
  dags = mkdtempSync(join(tmpdir(), "airflow-test-dags-"));
  cpSync(join(ROOT, "airflow/dags"), dags, { recursive: true });
  stack = await startStack({
    services: ["airflow", "consumer", "producer"],
    settings: {
      AIRFLOW_DAGS_FOLDER: dags,
      AIRFLOW_POSTGRES_PASSWORD: ODD,
      AIRFLOW_ADMIN_PASSWORD: `admin ${ODD}`,
      ALERT_WEBHOOK_URL: `http://127.0.0.1:${webhook.port}/secret-path`,
      // More than one run a minute, so that the tests wait less.
      TRANSFORM_SCHEDULE: "15",
    },
  });
  config = stack.config;
  const answer = await logIn(config.AIRFLOW_ADMIN_PASSWORD!);
  token = ((await answer.json()) as { access_token: string }).access_token;
}, 15 * MINUTES);

afterAll(async () => {
  await stack?.stop();
  await webhook.stop(true);
  rmSync(dags, { recursive: true, force: true });
}, 2 * MINUTES);

const address = (path: string) => `http://127.0.0.1:${config.AIRFLOW_PORT}${path}`;

const logIn = (password: string) =>
  fetch(address("/auth/token"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password }),
  });

async function ask<T>(path: string, request: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(address(`/api/v2/${path}`), { ...request, headers });
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return (await response.json()) as T;
}

const runs = async (dag: string, filter = "") =>
  (await ask<{ dag_runs: Run[] }>(`dags/${dag}/dagRuns?order_by=-run_after&limit=20${filter}`))
    .dag_runs;

/** Waits for a run that was due after that time, and returns it once it has ended. */
async function untilRunAfter(timeMs: number, state: string, msMax: number): Promise<Run> {
  const what = `a run after ${new Date(timeMs).toISOString()} is a ${state}`;
  const attempt = async () => {
    const all = await runs(DAG);
    const found = all.find((each) => Date.parse(each.run_after) > timeMs && each.state === state);
    if (!found) throw new Error(all.map((each) => `${each.run_after} ${each.state}`).join());
    return found;
  };
  return until(what, msMax, attempt, seldom).catch(async (error) => {
    throw new Error(`Airflow is ${JSON.stringify(await status())}`, { cause: error });
  });
}

async function status(service = "airflow"): Promise<Row> {
  const answer = await runOrThrow(stack.settings, "scripts/status.ts", ["--json"]);
  return (JSON.parse(answer) as Row[]).find((row) => row.service === service)!;
}

function untilStatus(expected: { state: string; reason?: string }, msMax: number): Promise<void> {
  const attempt = async () => {
    const { state, reason } = await status();
    if (state !== expected.state || !(reason ?? "").includes(expected.reason ?? "")) {
      throw new Error(`${state} ${reason}`);
    }
  };
  return until(`the status is ${expected.state}`, msMax, attempt, seldom);
}

/** Every process of the stack carries the address of its supervisord. */
const processes = (...more: string[]) =>
  processesWithEnvironment([`SUPERVISOR_SOCKET=${supervisorSocket(config)}`, ...more]).filter(
    isAlive,
  );

const ofScheduler = () => processes("SUPERVISOR_PROCESS_NAME=airflow-scheduler");

const dbtProcesses = () =>
  ofScheduler().filter((id) => commandLine(id).includes("dbt/transform.py"));

/** Waits until dbt works in a run that Airflow started. */
const untilSettling = () =>
  until("dbt settles", 2 * MINUTES, async () => {
    if (dbtProcesses().length === 0) throw new Error("it does not");
  });

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test(
  "the DAGs run on schedule once Airflow is up, and dbt settles what was counted",
  async () => {
    for (const dag of [DAG, "dbt_check", "dbt_full_refresh", "airflow_housekeeping"]) {
      await until(`${dag} succeeds`, 4 * MINUTES, async () => {
        const states = (await runs(dag)).map(({ run_type, state }) => `${run_type} ${state}`);
        if (!states.includes("scheduled success")) throw new Error(states.join());
      });
    }
    const sql = connect(config, "read");
    const [row] = await sql`select sum(total_events) as events from streaming.user_event_summary`;
    await sql.end();
    expect(Number(row?.events)).toBeGreaterThan(0);
    await untilStatus({ state: "ready" }, MINUTES);
    // Their own schedules must not fall into the following tests.
    for (const dag of ["dbt_check", "dbt_full_refresh", "airflow_housekeeping"]) {
      await ask(`dags/${dag}`, { method: "PATCH", body: '{"is_paused":true}' });
    }
  },
  6 * MINUTES,
);

test("status and up show the service as one, and logs shows all its programs", async () => {
  const names = ["airflow-api-server", "airflow-dag-processor", "airflow-scheduler"];
  const { processIds, login } = await status();
  expect(Object.keys(processIds!).sort()).toEqual(names);
  expect(login).toBe(`admin, AIRFLOW_ADMIN_PASSWORD in ${config.STATE_DIR}/.env`);
  expect((await status("postgres")).processId).toBeGreaterThan(0);
  const table = await runOrThrow(stack.settings, "scripts/up.ts", ["airflow"]);
  expect(table).toMatch(/^airflow +ready +runs dbt on a schedule/m);
  expect(table).toMatch(new RegExp(`^airflow +http://127.0.0.1:${config.AIRFLOW_PORT}$`, "m"));
  expect(table).toContain("log in as admin, AIRFLOW_ADMIN_PASSWORD in ");
  const logs = await runOrThrow(stack.settings, "scripts/logs.ts", ["airflow", "--no-follow"]);
  for (const name of names) expect(logs).toContain(`${name}.log`);
});

test("only this machine reaches it, and only with the password", async () => {
  const port = config.AIRFLOW_PORT.toString(16).toUpperCase().padStart(4, "0");
  const programs = Object.values((await status()).processIds!);
  const addresses = listeningAddresses([...programs, ...ofScheduler()]);
  expect(addresses).toEqual([`0100007F:${port}`]);
  expect((await logIn("wrong")).status).toBe(401);
  expect((await fetch(address("/api/v2/dags"))).status).toBe(401);
  expect((await logIn(config.AIRFLOW_ADMIN_PASSWORD!)).status).toBe(201);
  const passwords = join(config.STATE_DIR, "airflow/passwords.json");
  expect(statSync(passwords).mode & 0o777).toBe(0o600);
});

test("each program knows only the secrets that it needs", async () => {
  const settingsOf = (processId: number) =>
    readFileSync(`/proc/${processId}/environ`, "utf8")
      .split("\0")
      .map((entry) => entry.split("=")[0]!)
      .filter((name) => secretSettings.includes(name));
  const programs = (await status()).processIds!;
  expect(settingsOf(programs["airflow-api-server"]!)).toEqual(["ALERT_WEBHOOK_URL"]);
  expect(settingsOf(programs["airflow-dag-processor"]!)).toEqual(["ALERT_WEBHOOK_URL"]);
  expect(settingsOf(programs["airflow-scheduler"]!).sort()).toEqual([
    "ALERT_WEBHOOK_URL",
    "POSTGRES_TRANSFORM_PASSWORD",
  ]);
});

test(
  "runs go on without help when PostgreSQL was killed",
  async () => {
    process.kill((await status("postgres")).processId!, "SIGKILL");
    await untilRunAfter(Date.now(), "success", 4 * MINUTES);
  },
  5 * MINUTES,
);

test(
  "runs go on without help when the scheduler was killed in the middle of one",
  async () => {
    await untilSettling();
    const before = ofScheduler();
    process.kill((await status()).processIds!["airflow-scheduler"]!, "SIGKILL");
    await untilRunAfter(Date.now(), "success", 3 * MINUTES);
    // Its workers, and the dbt of one of them, must not be left running.
    expect(before.filter(isAlive)).toEqual([]);
  },
  6 * MINUTES,
);

test(
  "a run that fails for good is told to the webhook and by status, until one succeeds",
  async () => {
    const sql = connect(config, "admin");
    await sql`alter role streaming_transform nologin`;
    const failed = await untilRunAfter(Date.now(), "failed", 4 * MINUTES);
    await until("the alert is there", MINUTES, async () => {
      if (alerts.length === 0) throw new Error("none came");
    });
    expect(alerts[0]).toMatchObject({ dag: DAG, task: "settle" });
    expect(alerts.map((alert) => alert.run)).toContain(failed.dag_run_id);
    expect(alerts[0]!.text).toStartWith(`${DAG}.settle failed in `);
    expect(alerts[0]!.url).toStartWith(address("/dags/"));
    await untilStatus({ state: "faulty", reason: `${DAG} failed at 20` }, MINUTES);
    const { exitCode, stdout } = await run(stack.settings, "scripts/up.ts", ["airflow"]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`${DAG} failed at 20`)]);

    await sql`alter role streaming_transform login`;
    await sql.end();
    await untilStatus({ state: "ready" }, 3 * MINUTES);
  },
  10 * MINUTES,
);

test(
  "status names a DAG file that cannot be imported, while the others run on",
  async () => {
    const path = join(dags, "broken.py");
    await Bun.write(
      path,
      'from airflow.sdk import DAG\n\nraise RuntimeError(f"no {DAG.__name__}")\n',
    );
    const reason = "broken.py cannot be imported: RuntimeError: no DAG";
    await untilStatus({ state: "faulty", reason }, 2 * MINUTES);
    await untilRunAfter(Date.now(), "success", 2 * MINUTES);
    rmSync(path);
    await untilStatus({ state: "ready" }, 2 * MINUTES);
  },
  6 * MINUTES,
);

test("no secret is in a log or on a command line, whatever has happened", () => {
  const values = secretSettings
    .map((name) => config[name as keyof Config])
    .filter((value): value is string => typeof value === "string");
  expect(values.length).toBeGreaterThan(10);
  const secrets = [...values, ...values.map(encodeURIComponent)];
  const commands = processes().map(commandLine);
  const logs = ["log", "airflow/logs"].flatMap((name) => filesBelow(join(config.STATE_DIR, name)));
  expect(logs.length).toBeGreaterThan(10);
  const texts = [...commands, ...logs.map((path) => readFileSync(path, "utf8"))];
  for (const [index, secret] of secrets.entries()) {
    // Keeps the secret out of the message of a failed test, too.
    expect([index, texts.some((text) => text.includes(secret))]).toEqual([index, false]);
  }
});

test(
  "down leaves no process, not even in the middle of a run",
  async () => {
    await untilSettling();
    await runOrThrow(stack.settings, "scripts/down.ts");
    expect(processes()).toEqual([]);
    expect(await isFree(config.AIRFLOW_PORT)).toBe(true);
  },
  4 * MINUTES,
);
