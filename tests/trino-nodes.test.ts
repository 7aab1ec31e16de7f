/**
 * Trino on two nodes, without a password and with one. The coordinator splits a query over both,
 * and a leaving node finishes its work first.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../scripts/host/free-ports.ts";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { queryPages, queryRows } from "../scripts/lib/trino.ts";
import { generatedCertificate, localUrl, trinoUrl } from "../scripts/lib/trino-address.ts";
import { GiveUp, until } from "../scripts/lib/wait.ts";
import { answersTrinoWorker } from "../trino/probe.ts";
import { makeEvents } from "./harness/events.ts";
import { type Environment, run, runOrThrow } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";

const MINUTES = 60_000;
// On a busy machine, a start takes minutes.
setDefaultTimeout(8 * MINUTES);

const EVENTS = 2_000;
/** How long each row of the slow query is, so that the nodes cannot send all ahead of the reader. */
const ROW_LENGTH = 200_000;
/** A query on a node that has just gone fails only after a minute, so it is asked again sooner. */
const NODES_MS_MAX = 10_000;

let stack: Stack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trino-nodes-test-"));
  stack = await startStack({ services: ["trino-worker"] });
  await runOrThrow(stack.settings, "scripts/migrate.ts");
  const path = join(folder, "events.ndjson");
  writeFileSync(path, `${makeEvents(EVENTS).lines.join("\n")}\n`);
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--from", path]);
}, 10 * MINUTES);

afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 3 * MINUTES);

const ask = <Row>(statement: string) => queryRows<Row>(stack.config, statement);

/** State of each node that the coordinator knows, without what makes its name unique. */
const nodes = () =>
  queryRows<{ role: string; state: string }>(
    stack.config,
    "select split_part(node_id, '-', 1) as role, state from system.runtime.nodes order by 1",
    { signal: AbortSignal.timeout(NODES_MS_MAX) },
  );

/** Names of the nodes that take work. */
const activeNodes = async () =>
  (await nodes()).filter(({ state }) => state === "active").map(({ role }) => role);

interface NodeWork {
  role: string;
  running: number;
  rows: number;
}

/** The current and past work of each node for the query with that comment. */
const workOf = (marker: string) =>
  ask<NodeWork>(`
    select
      split_part(tasks.node_id, '-', 1) as role,
      count_if(tasks.state = 'RUNNING') as running,
      sum(tasks.processed_input_rows) as rows
    from system.runtime.tasks as tasks
    inner join system.runtime.queries as queries on tasks.query_id = queries.query_id
    where queries.query like '%/* ${marker} */%' and queries.query not like '%system.runtime%'
    group by 1 order by 1`);

/** Reads the topic on all nodes, no faster than the rows are taken. */
const slowRows = (marker: string) =>
  queryPages(
    stack.config,
    `/* ${marker} */ select user_id, rpad(event_id, ${ROW_LENGTH}, '-') from kafka.streaming.user_events`,
  );

/** A new node gets its first work within seconds. */
async function untilSplit(marker: string): Promise<void> {
  let attempts = 0;
  await until("a query is split", MINUTES, async () => {
    const attempt = `${marker} ${attempts++}`;
    await ask(`/* ${attempt} */ select count(distinct event_id) from kafka.streaming.user_events`);
    const work = await workOf(attempt);
    expect(work.map(({ role }) => role)).toEqual(["coordinator", "worker"]);
    for (const { rows } of work) expect(rows).toBeGreaterThan(0);
  });
}

test("the coordinator splits a query over both nodes, and each reads records", async () => {
  expect(await activeNodes()).toEqual(["coordinator", "worker"]);
  await untilSplit("split");
});

/** Takes the worker away while a query runs on both nodes; returns the users in its answer. */
async function leaveWhile(marker: string): Promise<number[]> {
  await untilSplit(`before ${marker}`);
  const users: number[] = [];
  let leaving: Promise<string> | undefined;
  for await (const { rows } of slowRows(marker)) {
    users.push(...rows.map(([user]) => Number(user)));
    if (leaving || rows.length === 0) continue;
    // Nothing is read meanwhile, so neither node can finish.
    await until("both nodes work on it", MINUTES / 2, async () => {
      const work = await workOf(marker);
      if (work.length < 2 || work.some(({ running }) => running === 0)) {
        throw new Error(JSON.stringify(work));
      }
    });
    leaving = runOrThrow(stack.settings, "scripts/down.ts", ["trino-worker"]);
    await until("the coordinator sees that the worker leaves", MINUTES / 2, async () => {
      expect(await nodes()).toContainEqual({ role: "worker", state: "shutting_down" });
    });
  }
  expect(await leaving).toBe("Stopped trino-worker\n");
  return users.toSorted((one, other) => one - other);
}

/** The users of all events, as `leaveWhile` gives them. */
const allUsers = () =>
  makeEvents(EVENTS)
    .lines.map((line) => (JSON.parse(line) as { user_id: number }).user_id)
    .toSorted((one, other) => one - other);

async function untilAlone(): Promise<void> {
  await until("the coordinator is alone", 2 * MINUTES, async () => {
    expect(await activeNodes()).toEqual(["coordinator"]);
  });
}

/** The worker's answer to a request to end from a program that is not a node. */
async function sendAway(headers: Record<string, string>): Promise<number> {
  const url = `${localUrl(stack.config, stack.config.TRINO_WORKER_PORT)}/v1/info/state`;
  const answer = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: '"SHUTTING_DOWN"',
    tls: { rejectUnauthorized: false },
  });
  return answer.status;
}

const login = (user: string, password = "") => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

/** The name that the nodes use among themselves, in each way to give a name. */
const AS_NODE = [
  { "x-trino-user": "<internal>" },
  { "x-trino-user": "query", "x-trino-original-user": "<internal>" },
  login("<internal>"),
];

test("a stranger cannot send a node away, whatever the name", async () => {
  expect(await sendAway({})).toBe(401);
  expect(await sendAway({ "x-trino-user": "query" })).toBe(403);
  expect(await sendAway({ "x-trino-user": "<internal>", ...login("query") })).toBe(403);
  for (const headers of AS_NODE) expect(await sendAway(headers)).toBe(401);
  expect(await activeNodes()).toEqual(["coordinator", "worker"]);
});

test("a query that runs while the worker leaves gives the right answer", async () => {
  expect(await leaveWhile("leaves")).toEqual(allUsers());
  await untilAlone();
  const rows = JSON.parse(await runOrThrow(stack.settings, "scripts/status.ts", ["--json"]));
  expect(rows).toContainEqual(
    expect.objectContaining({ service: "trino-worker", state: "stopped" }),
  );
  expect(rows).toContainEqual(expect.objectContaining({ service: "trino", state: "ready" }));
});

test("up restarts the worker, also with TLS and a password, and the worker leaves as well", async () => {
  stack.settings.TRINO_SECURED = "true";
  stack.config = { ...stack.config, TRINO_SECURED: "true" };
  const { exitCode, stderr } = await run(stack.settings, "scripts/up.ts", ["trino-worker"]);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("trino-worker is ready")]);
  expect(await activeNodes()).toEqual(["coordinator", "worker"]);
  expect(await leaveWhile("leaves secured")).toEqual(allUsers());
  await untilAlone();
});

test("a worker on another machine comes and leaves with a certificate of its own", async () => {
  const [port] = await freePorts(1);
  const settings: Environment = {
    ...stack.settings,
    STATE_DIR: join(folder, "elsewhere"),
    TRINO_WORKER_PORT: String(port),
    TRINO_URL: trinoUrl(stack.config),
    TRINO_TLS_CA: generatedCertificate(stack.config),
  };
  mkdirSync(settings.STATE_DIR!);
  const log = join(folder, "worker.log");
  const output = openSync(log, "w");
  const worker = Bun.spawn([join(ROOT, "scripts/start"), "trino-worker"], {
    env: settings,
    stdin: "ignore",
    stdout: output,
    stderr: output,
  });
  try {
    await until("the worker takes work", 3 * MINUTES, async () => {
      if (worker.exitCode !== null) throw new GiveUp(readFileSync(log, "utf8"));
      await answersTrinoWorker(readConfig(settings));
    });
    worker.kill("SIGTERM");
    // A worker that does not know the request would end by the signal instead.
    expect(await worker.exited).toBe(0);
    expect(readFileSync(log, "utf8")).not.toContain("Cannot drain");
  } finally {
    worker.kill("SIGINT");
    await worker.exited;
  }
  await untilAlone();
});

test("a stranger cannot send a node away, nor can one who has the password", async () => {
  await runOrThrow(stack.settings, "scripts/up.ts", ["trino-worker"]);
  expect(await sendAway(login("query", stack.config.TRINO_PASSWORD))).toBe(403);
  for (const headers of AS_NODE) expect(await sendAway(headers)).toBe(401);
  expect(await activeNodes()).toEqual(["coordinator", "worker"]);
});
