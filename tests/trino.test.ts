/**
 * Trino as `up` starts it, over events that the consumer has really counted: the queries of people,
 * its refusals, and the result of `verify`. One stack for the file; the tests follow each other.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryBytes } from "../scripts/host/process-tree.ts";
import type { Config } from "../scripts/lib/config.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { sum } from "../scripts/lib/sum.ts";
import { queryRows, type TrinoQueryError, type TrinoUser } from "../scripts/lib/trino.ts";
import { until } from "../scripts/lib/wait.ts";
import type { HopResult } from "../scripts/verify/hop.ts";
import { sendRecords } from "./harness/records.ts";
import { type Environment, run, runOrThrow, start } from "./harness/script.ts";
import { type Stack, startStack } from "./harness/stack.ts";

const MINUTES = 60_000;
setDefaultTimeout(2 * MINUTES);

const EVENTS = 300;
/** Records that are not events, each of another kind. */
const POISON = ["not json", '{"user_id":"abc"}', "[1]"];

let stack: Stack;
let config: Config;
let sql: Sql;
let folder: string;
/** The events that were sent, by type. */
const sent: Record<string, number> = { click: 0, view: 0, purchase: 0 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trino-test-"));
  // A topic of another name: the tables in Trino always have the same name.
  stack = await startStack({
    services: ["consumer", "trino"],
    settings: { KAFKA_TOPIC: "clicks.of-others" },
  });
  config = stack.config;
  sql = connect(config, "owner");
  await send(recentEvents(EVENTS));
  await sendPoison();
  await untilCounted(EVENTS + POISON.length);
  await runOrThrow(stack.settings, "scripts/transform.ts");
}, 10 * MINUTES);

afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 2 * MINUTES);

/** Events of the last quarter of an hour that were settled minutes ago, so that no minute is cut. */
function recentEvents(count: number): string[] {
  const types = ["view", "view", "click", "purchase"];
  return Array.from({ length: count }, (_, index) => {
    const type = types[index % types.length]!;
    sent[type]! += 1;
    const createdAt = new Date(Date.now() - 15 * MINUTES + index * 1_000);
    return JSON.stringify({
      event_id: Bun.randomUUIDv7(),
      user_id: 1 + (index % 7),
      event_type: type,
      created_at: createdAt.toISOString(),
    });
  });
}

async function send(lines: string[]): Promise<void> {
  const path = join(folder, "events.ndjson");
  writeFileSync(path, `${lines.join("\n")}\n`);
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--from", path]);
}

async function sendPoison(): Promise<void> {
  await sendRecords(
    config,
    POISON.map((value) => ({ key: "poison", value, partition: 1 })),
  );
}

const untilCounted = (records: number) =>
  until(`${records} records are counted`, MINUTES, async () => {
    const [row] = await sql`
      select coalesce(sum(next_offset), 0)::bigint as read from streaming.consumer_offsets`;
    if (row!.read !== records) throw new Error(`${row!.read} are`);
  });

const query = (...words: string[]) => run(stack.settings, "scripts/query.ts", words);

/** Rows of a saved query. */
const saved = async (name: string) =>
  JSON.parse(await runOrThrow(stack.settings, "scripts/query.ts", [name, "--json"])) as Record<
    string,
    unknown
  >[];

const ask = <Row>(statement: string, user = "query") =>
  queryRows<Row>(config, statement, { user: user as TrinoUser });

test("query answers over the tables, over the topic, and over both in one", async () => {
  const [row] = await ask<Record<string, number>>(`
    select
      (select sum(event_count) from postgresql.streaming.user_events) as counted,
      (select count(*) from kafka.streaming.user_events) as in_topic,
      (select count(*) from kafka.streaming.user_events as records
        inner join postgresql.streaming.user_event_summary as totals
        on try_cast(records.user_id as bigint) = totals.user_id) as joined`);
  expect(row).toMatchObject({ in_topic: EVENTS + POISON.length, joined: EVENTS });
  expect(Number(row!.counted)).toBe(EVENTS);
});

test("query prints a table, CSV or JSON of a file, a pipe or a text, and the time apart", async () => {
  const statement = "select 'a,b' as text, 9007199254740993 as number;\n-- the end\n";
  const path = join(folder, "statement.sql");
  writeFileSync(path, statement);
  const table = await query(path);
  expect(table.stdout).toBe(
    "text            number\n────  ────────────────\na,b   9007199254740993\n",
  );
  expect(table.stderr).toMatch(/^1 row in \d+\.\d\d s\n$/);
  expect((await query("-e", statement, "--csv")).stdout).toBe(
    'text,number\r\n"a,b",9007199254740993\r\n',
  );
  const piped = await run(stack.settings, "scripts/query.ts", ["-", "--json"], statement);
  expect(piped.stdout).toBe('[\n{"text":"a,b","number":9007199254740993}\n]\n');
});

test("query ends with a status and says why when it cannot answer", async () => {
  expect(await query("-e", "selct 1")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^Cannot run the query: line 1:1: mismatched input 'selct'/),
  });
  for (const words of [[], ["one", "-e", "two"], ["nothing_like_this"], ["-e", ";"]]) {
    expect(await query(...words)).toMatchObject({ exitCode: 2, stdout: "" });
  }
  expect(await query("-e", "select 1", "--csv", "--json")).toMatchObject({ exitCode: 2 });
  const away = { ...stack.settings, TRINO_URL: "http://127.0.0.1:1" };
  expect(await run(away, "scripts/query.ts", ["-e", "select 1"])).toMatchObject({
    exitCode: 1,
    stderr:
      "Cannot query Trino at http://127.0.0.1:1: nothing listens there; `bun run up trino` starts it\n",
  });
});

/** Rows that would take minutes to read to the end. */
const ENDLESS = `select a.n, rpad('', 100, 'x') as text from unnest(sequence(1, 10000)) as a(n)
  cross join unnest(sequence(1, 10000)) as b(n) cross join unnest(sequence(1, 100)) as c(n)`;

async function untilCancelled(marker: string): Promise<void> {
  await until("Trino has cancelled it", MINUTES, async () => {
    const found = await ask<{ state: string; error_code: string }>(`
      select state, error_code from system.runtime.queries
      where query like '%/* ${marker} */%' and query not like '%system.runtime%'`);
    expect(found).toEqual([{ state: "FAILED", error_code: "USER_CANCELED" }]);
  });
}

test("query keeps its memory when the answer is large, and cancels it when it is interrupted", async () => {
  const program = start(stack.settings, "scripts/query.ts", [
    ...["--csv", "-e", `/* interrupted */ ${ENDLESS}`],
  ]);
  let bytes = 0;
  let memoryMax = 0;
  let isInterrupted = false;
  for await (const piece of program.stdout) {
    bytes += piece.length;
    memoryMax = Math.max(memoryMax, memoryBytes(program.pid));
    if (bytes > 150_000_000 && !isInterrupted) program.kill("SIGINT");
    isInterrupted = bytes > 150_000_000;
  }
  expect(await program.exited).toBe(130);
  expect(await new Response(program.stderr).text()).toBe("Stopped by SIGINT\n");
  expect(bytes).toBeGreaterThan(150_000_000);
  expect(memoryMax).toBeLessThan(300_000_000);
  await untilCancelled("interrupted");
});

test("query cancels it and ends well when its reader has enough", async () => {
  const program = start(stack.settings, "scripts/query.ts", [
    ...["--csv", "-e", `/* enough */ ${ENDLESS}`],
  ]);
  const reader = program.stdout.getReader();
  await reader.read();
  await reader.cancel();
  expect(await program.exited).toBe(0);
  await untilCancelled("enough");
});

test("query --list explains each saved query, and each of them runs", async () => {
  const { stdout } = await query("--list");
  const names = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0]!);
  expect(names).toEqual([
    ...["busiest_users", "dead_letters_in_topic", "ledger_against_topic"],
    ...["recent_events_with_totals", "waiting_events"],
  ]);
  for (const name of names) expect(await query(name)).toMatchObject({ exitCode: 0 });
});

test("busiest_users ranks users by what the tables say", async () => {
  const expected = await sql<Record<string, unknown>[]>`
    select user_id, sum(event_count)::bigint as total_events from streaming.user_events
    group by user_id order by total_events desc, user_id`;
  const found = await saved("busiest_users");
  expect(found.map(({ user_id, total_events }) => [user_id, total_events])).toEqual(
    expected.map((row) => [row.user_id, row.total_events]),
  );
});

test("recent_events_with_totals gives each event of the topic with the totals of its user", async () => {
  const totals = await sql`select user_id, total_events from streaming.user_event_summary`;
  const byUser = new Map(totals.map(({ user_id, total_events }) => [user_id, total_events]));
  const found = await saved("recent_events_with_totals");
  expect(found).toHaveLength(EVENTS);
  for (const row of found) expect(row.total_events).toBe(byUser.get(row.user_id)!);
});

test("dead_letters_in_topic shows each rejected record as it stands in the topic", async () => {
  const found = await saved("dead_letters_in_topic");
  expect(found.map(({ beginning }) => beginning).toSorted()).toEqual(POISON.toSorted());
  const byBeginning = new Map(found.map((row) => [row.beginning, row.reason]));
  expect(byBeginning.get("not json")).toBe("bad_json");
  expect(byBeginning.get("[1]")).toBe("not_an_object");
});

const ledger = async () =>
  (await saved("ledger_against_topic")).map(({ event_type, events_in_topic, difference }) => [
    event_type,
    events_in_topic,
    Number(difference),
  ]);

test("ledger_against_topic comes to the table's counts, and shows what was put there by hand", async () => {
  // The same file again: duplicates, which count once.
  await runOrThrow(stack.settings, "scripts/produce.ts", ["--from", join(folder, "events.ndjson")]);
  await untilCounted(2 * EVENTS + POISON.length);
  const balanced = Object.keys(sent)
    .toSorted()
    .map((type) => [type, sent[type], 0]);
  expect(await ledger()).toEqual(balanced);
  const [row] = await sql`
    update streaming.events_per_minute set event_count = event_count + 5
    where (minute, event_type, partition) = (
      select minute, event_type, partition from streaming.events_per_minute
      where event_type = 'view' order by minute limit 1)
    returning minute, partition`;
  expect(await ledger()).toEqual(
    balanced.map(([type, events]) => [type, events, type === "view" ? 5 : 0]),
  );
  await sql`
    update streaming.events_per_minute set event_count = event_count - 5
    where minute = ${row!.minute} and partition = ${row!.partition} and event_type = 'view'`;
});

test("waiting_events counts what is in the topic and not in the tables, while nobody counts", async () => {
  const waiting = async () =>
    (await saved("waiting_events")).map(({ waiting_records }) => waiting_records as number);
  expect(await waiting()).toEqual([0, 0, 0, 0]);
  await runOrThrow(stack.settings, "scripts/down.ts", ["consumer"]);
  await send(recentEvents(50));
  const found = await waiting();
  expect(sum(found)).toBe(50);
  await runOrThrow(stack.settings, "scripts/up.ts", ["consumer"]);
  await untilCounted(2 * EVENTS + POISON.length + 50);
  expect(await waiting()).toEqual([0, 0, 0, 0]);
});

/** The statement, and the expected refusal of Trino; `$` is the table of the events. */
const refused: [string, string][] = [
  ["delete from $", "Cannot delete from table $"],
  ["update $ set event_count = 1", "Cannot update columns [event_count] in table $"],
  ["insert into $ select * from $", "Cannot insert into table $"],
  ["truncate table $", "Cannot truncate table $"],
  ["drop table $", "Cannot drop table $"],
  ["alter table $ add column more bigint", "Cannot add a column to table $"],
  ["comment on table $ is 'mine'", "Cannot comment table to $"],
  ["grant select on $ to user anna", "Cannot grant privilege SELECT on table $"],
  [
    "create table postgresql.streaming.mine as select 1 as one",
    "Cannot create table postgresql.streaming.mine",
  ],
  [
    "create view postgresql.streaming.mine as select 1 as one",
    "Cannot create view postgresql.streaming.mine",
  ],
  ["create schema postgresql.mine", "Cannot create schema postgresql.mine"],
  ["create catalog mine using memory", "Cannot create catalog mine"],
  [
    "insert into kafka.streaming.user_events (event_id) values ('1')",
    "Cannot insert into table kafka.streaming.user_events",
  ],
  [
    "select * from table(postgresql.system.query(query => 'select 1'))",
    "Cannot execute function postgresql.system.query",
  ],
  [
    "call postgresql.system.execute(query => 'delete from streaming.user_events')",
    "Cannot execute procedure postgresql.system.execute",
  ],
  [
    "call postgresql.system.flush_metadata_cache()",
    "Cannot execute procedure postgresql.system.flush_metadata_cache",
  ],
  [
    "call system.runtime.kill_query(query_id => '20260101_000000_00000_abcde', message => 'no')",
    "Cannot execute procedure system.runtime.kill_query",
  ],
  [
    "set session query_max_run_time = '1h'",
    "Cannot set system session property query_max_run_time",
  ],
  [
    "set session postgresql.unsupported_type_handling = 'CONVERT_TO_VARCHAR'",
    "Cannot set catalog session property unsupported_type_handling",
  ],
  ["select * from postgresql.transform.runs", "Cannot select from table postgresql.transform.runs"],
];

/** Trino's answer to a statement that it refuses. */
async function refusal(statement: string, user?: string): Promise<[string, string]> {
  try {
    await ask(statement, user);
  } catch (error) {
    return [(error as TrinoQueryError).code, (error as Error).message];
  }
  return ["none", "it was not refused"];
}

const TABLE = "postgresql.streaming.user_events";
for (const [statement, message] of refused) {
  test(`Trino refuses everyone when asked to ${statement.replaceAll("$", "the table")}`, async () => {
    for (const user of ["query", "superset"]) {
      const [code, said] = await refusal(statement.replaceAll("$", TABLE), user);
      expect(said).toContain(`Access Denied: ${message.replaceAll("$", TABLE)}`);
      expect(code).toBe("PERMISSION_DENIED");
    }
  });
}

test("Trino refuses every query of a user that is not named", async () => {
  for (const user of ["anna", "admin", "verify", "QUERY"]) {
    expect(await refusal("select 1", user)).toEqual([
      "PERMISSION_DENIED",
      "Cannot run the query: Access Denied: Cannot execute query",
    ]);
  }
  // The name that the nodes use among themselves does not even get that far.
  await expect(ask("select 1", "<internal>")).rejects.toThrow("Cannot log in to Trino");
});

test("Trino shows the catalogs and the schemas that it is for, and no others", async () => {
  const list = async (statement: string) =>
    (await ask<Record<string, string>>(statement)).map((row) => Object.values(row)[0]);
  expect(await list("show catalogs")).toEqual(["kafka", "postgresql", "system"]);
  expect(await list("show schemas from postgresql")).toEqual(["information_schema", "streaming"]);
  expect(await refusal("select * from tpch.tiny.nation")).toMatchObject({ 0: "CATALOG_NOT_FOUND" });
});

test("Trino reads none of the payloads of dead letters, which may be personal", async () => {
  const [, said] = await refusal("select payload from postgresql.streaming.dead_letters");
  expect(said).toContain("permission denied for table dead_letters");
});

test("Trino shows a user no other's queries, and lets none be killed", async () => {
  const secret = "select 'of query' as mine";
  await ask(secret);
  const seen = async (user: string) =>
    (await ask<{ query: string }>("select query from system.runtime.queries", user)).map(
      (row) => row.query,
    );
  expect(await seen("query")).toContain(secret);
  expect(await seen("superset")).not.toContain(secret);
  const running = start(stack.settings, "scripts/query.ts", ["-e", `/* victim */ ${ENDLESS}`]);
  const id = await until("it runs", MINUTES, async () => {
    const [row] = await ask<{ query_id: string }>(`
      select query_id from system.runtime.queries where state = 'RUNNING'
      and query like '%/* victim */%' and query not like '%system.runtime%'`);
    if (!row) throw new Error("it does not");
    return row.query_id;
  });
  const answer = await fetch(`http://127.0.0.1:${config.TRINO_PORT}/v1/query/${id}`, {
    method: "DELETE",
    headers: { "x-trino-user": "superset" },
  });
  expect(answer.status).toBe(403);
  running.kill("SIGINT");
  await running.exited;
});

test("Trino serves no page to a visitor who types in a name", async () => {
  const address = (path: string) => `http://127.0.0.1:${config.TRINO_PORT}/ui/${path}`;
  const login = new URLSearchParams({ username: "query", password: "" });
  const options = { redirect: "manual" } as const;
  const answer = await fetch(address("login"), { ...options, method: "POST", body: login });
  expect(answer.headers.get("location")).toEndWith("/ui/disabled.html");
  expect(answer.headers.get("set-cookie")).toBeNull();
  const api = await fetch(address("api/query"), {
    ...options,
    headers: { "x-trino-user": "query" },
  });
  expect(api.status).toBe(401);
});

test("PostgreSQL refuses a write by the role of Trino, whatever Trino would allow", async () => {
  const read = connect(config, "read");
  for (const statement of [
    "delete from streaming.user_events",
    "insert into streaming.user_events select * from streaming.user_events",
    "truncate streaming.user_events",
    "create table streaming.mine ()",
    "select payload from streaming.dead_letters",
  ]) {
    await expect(read.unsafe(statement)).rejects.toMatchObject({ code: "42501" });
  }
  await read.end({ timeout: 1 });
});

/** The last hop, as `verify` sees it with these settings. */
async function lastHop(environment: Environment, args: string[] = []): Promise<HopResult> {
  const { stdout } = await run(environment, "scripts/verify.ts", ["--json", ...args]);
  return (JSON.parse(stdout).hops as HopResult[]).find(({ hop }) => hop.endsWith("Trino"))!;
}

test("verify holds while events keep coming, since Trino says what PostgreSQL does", async () => {
  const producer = start(stack.settings, "scripts/produce.ts", ["--rate", "200"]);
  try {
    for (let round = 0; round < 5; round++) {
      expect(await lastHop(stack.settings)).toMatchObject({
        hop: "user_event_summary → Trino",
        holds: true,
        remarks: [],
      });
    }
  } finally {
    producer.kill("SIGTERM");
    await producer.exited;
  }
  expect((await lastHop(stack.settings)).isNotAsked).toBeUndefined();
});

test("verify names the hop when Trino says something else or nothing", async () => {
  // One view too many: the simplest server that speaks the protocol.
  const [truth] = await ask<Record<string, string>>(
    "select sum(total_views) as view from postgresql.streaming.user_event_summary",
  );
  const columns = ["click", "view", "purchase"].map((name) => ({ name, type: "bigint" }));
  const liar = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => Response.json({ id: "1", columns, data: [[1, Number(truth!.view) + 1, 1]] }),
  });
  const lying = { ...stack.settings, TRINO_URL: `http://127.0.0.1:${liar.port}` };
  const { exitCode, stdout } = await run(lying, "scripts/verify.ts");
  expect(exitCode).toBe(1);
  expect(stdout).toContain("DIFFERS  user_event_summary → Trino");
  expect(stdout).toMatch(/view: \d+ to \d+ in PostgreSQL, \d+ by Trino/);
  await liar.stop(true);
  const silent = { holds: false, remarks: [expect.stringContaining("nothing listens there")] };
  const configured = { ...stack.settings, TRINO_URL: "http://127.0.0.1:1" };
  expect(await lastHop(configured)).toMatchObject(silent);
  const expected = { ...stack.settings, TRINO_PORT: "1" };
  expect(await lastHop(expected, ["--expect", "dbt,trino"])).toMatchObject(silent);
});

test("verify says that it has not asked Trino when nothing listens or --expect leaves it out", async () => {
  const without = await run({ ...stack.settings, TRINO_PORT: "1" }, "scripts/verify.ts");
  expect(without.exitCode).toBe(0);
  expect(without.stdout).toMatch(
    /^- +user_event_summary → Trino +not asked: nothing listens at 127.0.0.1:1; `bun run up trino` starts it$/m,
  );
  expect(without.stdout).toMatch(/in all hops that were asked; not asked: .*Trino/);
  expect(await lastHop(stack.settings, ["--expect", "dbt"])).toMatchObject({
    equation: "not asked: --expect does not name it",
    isNotAsked: true,
  });
});
