/**
 * dbt on a real PostgreSQL: what people query is right at every moment, whatever happens to the runs
 * that settle it. Airflow, which calls the same command, has a test of its own.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { pythonFolder } from "../scripts/stack/folders.ts";
import { install } from "../scripts/stack/install.ts";
import { commandLine, processesWithEnvironment } from "../scripts/stack/process-tree.ts";
import { until } from "../scripts/stack/until.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { DirectCounts } from "./harness/direct-counts.ts";
import { makeEvents } from "./harness/events.ts";
import {
  environmentOf,
  finish,
  readRuns,
  readSettled,
  readUsers,
  readWatermark,
  startPlainDbt,
  startTransform,
  transform,
} from "./harness/marts.ts";
import { type Place, Platform, writeLines } from "./harness/platform.ts";
import { run, runOrThrow, start } from "./harness/script.ts";
import { untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  await install(readConfig(), ["dbt"]);
});
afterAll(() => platform.stop());

/** A place with counts of several days in all partitions, and with what they must come to. */
async function countedPlace(name: string, seed = 1) {
  const place = await platform.place(name);
  const counts = new DirectCounts(seed);
  await counts.begin(place.sql);
  for (const partition of [0, 1, 2, 3]) await counts.add(place.sql, { events: 300, partition });
  return { place, counts };
}

async function settle(place: Place, ...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await transform(place, ...words);
  expect([exitCode, stderr, stdout]).toEqual([0, "", expect.stringContaining("passed")]);
  return stdout;
}

/** Holds a lock in a transaction of its own until `release` is called. */
async function holdLock(place: Place, statement: string) {
  const sql = connect(place.config, "admin", { connections: 2, applicationName: "blocker" });
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const done = sql.begin(async (transaction) => {
    await transaction.unsafe(statement);
    held.resolve();
    await released.promise;
  });
  await Promise.race([held.promise, done]);
  return {
    /** Waits until dbt stands at a lock with a statement that holds the text. */
    untilBlocked: (text: string) =>
      until(`dbt waits at ${text}`, 60_000, async () => {
        const rows = await sql`
          select query from pg_stat_activity
          where usename = 'streaming_transform' and datname = current_database()
            and wait_event_type = 'Lock'`;
        if (!rows.some(({ query }) => query.includes(text))) {
          throw new Error(`it waits at ${JSON.stringify(rows)}`);
        }
      }),
    async release() {
      released.resolve();
      await done;
      await sql.end();
    },
  };
}

/** Process ids of dbt for this place, as `dbt/run` starts it. */
const dbtProcesses = ({ config }: Place) =>
  processesWithEnvironment([`POSTGRES_DB=${config.POSTGRES_DB}`]).filter((id) =>
    commandLine(id).includes("dbt/transform.py"),
  );

test("transform builds the marts from nothing, with no user in them when there are no events", async () => {
  const place = await platform.place("empty");
  const output = await settle(place);
  expect(output).toContain("this database has none");
  expect(await readUsers(place.sql)).toEqual([]);
  const types = await place.sql`select * from streaming.event_type_distribution order by 1`;
  expect(types.map((row) => [row.event_type, row.event_count, row.share_of_events])).toEqual([
    ["click", 0, null],
    ["purchase", 0, null],
    ["view", 0, null],
  ]);
  const [timeline] = await place.sql`
    select count(*), sum(event_count) as events from streaming.event_timeline`;
  expect([timeline?.count, Number(timeline?.events)]).toEqual([3 * 24 * 60, 0]);
});

test("user_event_summary is exact before, between and after runs, and a full refresh changes no row", async () => {
  const { place, counts } = await countedPlace("batches");
  await settle(place);
  expect(await readSettled(place)).toEqual(counts.expected());
  for (const round of [1, 2, 3]) {
    for (const partition of [0, 1, 2, 3]) {
      const events = 50 * round;
      await counts.add(place.sql, { events, users: 30 + 10 * round, partition });
      expect(await readUsers(place.sql)).toEqual(counts.expected());
    }
    await settle(place);
    expect(await readSettled(place)).toEqual(counts.expected());
  }
  const transformer = connect(place.config, "transform");
  const readVersions = async () => {
    const rows = await transformer`
      select *, xmin::text from transform.user_totals_settled order by user_id`;
    return [...rows];
  };
  const incremental = await readVersions();
  await settle(place, "refresh");
  expect(await readVersions()).toEqual(incremental);
  await transformer.end();
  expect(await readUsers(place.sql)).toEqual(counts.expected());
});

test("settling misses no transaction when an earlier one commits after it", async () => {
  const { place, counts } = await countedPlace("late");
  await settle(place);
  const late = connect(place.config, "owner", { applicationName: "late" });
  const written = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const committed = late.begin(async (transaction) => {
    await counts.add(transaction as unknown as Sql, { events: 100, partition: 1 });
    written.resolve();
    await mayCommit.promise;
  });
  await written.promise;
  await counts.add(place.sql, { events: 100, partition: 2 });
  await settle(place);
  const [newest] = await place.sql`select max(updated_at) as at from streaming.user_events`;
  mayCommit.resolve();
  await committed;
  await late.end();

  expect(await readUsers(place.sql)).toEqual(counts.expected());
  await settle(place);
  expect(await readSettled(place)).toEqual(counts.expected());
  // The usual watermark, the latest `updated_at` that was settled, would have missed each of these.
  const [missed] = await place.sql`
    select count(*) from streaming.user_events
    where updated_at < ${newest?.at} and user_id % 4 = 2
      and updated_xid > (select min(updated_xid) from streaming.user_events)`;
  expect(missed?.count).toBeGreaterThan(20);
});

test("a run that is killed while it settles leaves all as it was, and the next one goes on", async () => {
  const { place, counts } = await countedPlace("killed");
  await settle(place);
  const before = { rows: await readSettled(place), watermark: await readWatermark(place.sql) };
  await counts.add(place.sql, { events: 200, partition: 3 });
  const lock = await holdLock(place, "lock table transform.user_totals_settled in share mode");
  const killed = startTransform(place);
  await lock.untilBlocked("on conflict");
  for (const processId of dbtProcesses(place)) process.kill(processId, "SIGKILL");
  await killed.exited;
  await lock.release();
  await until("the killed run's connections are gone", 60_000, async () => {
    const [row] = await place.sql`
      select count(*) from pg_stat_activity
      where usename = 'streaming_transform' and datname = current_database()`;
    if (row?.count > 0) throw new Error(`${row?.count} are left`);
  });
  expect({
    rows: await readSettled(place),
    watermark: await readWatermark(place.sql),
  }).toEqual(before);
  expect(await readUsers(place.sql)).toEqual(counts.expected());

  await settle(place);
  expect(await readSettled(place)).toEqual(counts.expected());
  const [passed, lost] = await readRuns(place.sql);
  expect(passed?.status).toBe("passed");
  expect(lost).toEqual({ command: "settle", status: "failed", error: "it ended without a word" });
});

test("a run that is interrupted ends at once, says so, and settles nothing", async () => {
  const { place } = await countedPlace("interrupted");
  await settle(place);
  const watermark = await readWatermark(place.sql);
  const lock = await holdLock(place, "lock table transform.user_totals_settled in share mode");
  const interrupted = startTransform(place);
  await lock.untilBlocked("on conflict");
  interrupted.kill("SIGTERM");
  const { exitCode } = await finish(interrupted);
  await lock.release();
  expect(exitCode).toBe(1);
  expect(await readWatermark(place.sql)).toBe(watermark);
  expect((await readRuns(place.sql))[0]).toMatchObject({ status: "failed" });
});

test("two runs at once work one after the other", async () => {
  const { place, counts } = await countedPlace("queued");
  await settle(place);
  await counts.add(place.sql, { events: 100 });
  const runs = await Promise.all([transform(place), transform(place), transform(place)]);
  expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
  expect(runs.filter(({ stdout }) => stdout.includes("Waiting for another run"))).toHaveLength(2);
  expect(await readSettled(place)).toEqual(counts.expected());
  const refused = await holdLock(place, "select pg_advisory_lock(7203042)");
  const impatient = await transform(place, "--wait", "1");
  await refused.release();
  expect([impatient.exitCode, impatient.stderr]).toEqual([
    1,
    "Cannot run dbt: another run has not ended within 1 s\n",
  ]);
});

test("an older run of plain dbt is refused by the fence when a newer one has started", async () => {
  const { place, counts } = await countedPlace("fenced");
  await settle(place);
  await counts.add(place.sql, { events: 100 });
  const lock = await holdLock(place, "lock table streaming.user_active_days");
  const older = startPlainDbt(place, "older", "build", "--selector", "settle");
  await lock.untilBlocked("user_totals_candidate");
  const newer = startPlainDbt(place, "newer", "build", "--selector", "settle");
  await lock.untilBlocked("set run_id");
  await lock.release();
  const [first, second] = await Promise.all([finish(older), finish(newer)]);
  expect(first.stdout).toContain("Cannot settle: another run of dbt has started meanwhile");
  expect([first.exitCode, second.exitCode]).toEqual([1, 0]);
  expect(await readSettled(place)).toEqual(counts.expected());
  await settle(place);
  expect(await readUsers(place.sql)).toEqual(counts.expected());
});

/** A place in which the whole stream has counted a file of events. */
async function streamedPlace(name: string) {
  const place = await platform.place(name);
  const { lines, counts } = makeEvents(3_000);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", writeLines(place, lines)]);
  const consumer = await startConsumer(place);
  await untilRead(place.sql, 3_000);
  await stopConsumer(consumer);
  await settle(place);
  return { place, counts };
}

async function verify(place: Place) {
  const { exitCode, stdout } = await run(place.environment, "scripts/verify.ts", ["--json"]);
  const { firstDifference, hops } = JSON.parse(stdout);
  return { exitCode, firstDifference, remarks: hops.at(-1).remarks.join("; ") as string };
}

const SUMMARY_HOP = "user_events → user_event_summary";

test("a failing test of dbt keeps all settled as it was and shows in verify, until the cause is on record", async () => {
  const { place } = await streamedPlace("gate");
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
  const before = { rows: await readSettled(place), watermark: await readWatermark(place.sql) };
  // One event less everywhere, so that every sum still agrees: only a count that falls tells.
  await place.sql.begin(async (transaction) => {
    const [victim] = await transaction`
      update streaming.user_events
      set event_count = event_count - 1, updated_xid = pg_current_xact_id()::text::bigint
      where (user_id, event_type) = (
        select user_id, event_type from streaming.user_events where event_count > 1 limit 1
      )
      returning event_type`;
    const [minute] = await transaction`
      update streaming.events_per_minute set event_count = event_count - 1
      where (minute, event_type, partition) = (
        select minute, event_type, partition from streaming.events_per_minute
        where event_type = ${victim?.event_type} and event_count > 1 limit 1
      )
      returning partition`;
    await transaction`
      update streaming.consumer_offsets set stored = stored - 1, duplicates = duplicates + 1
      where partition = ${minute?.partition}`;
  });
  const failed = await transform(place);
  expect(failed.exitCode).toBe(1);
  expect(failed.stdout).toContain("settle FAILED: assert_no_count_falls fail");
  expect({
    rows: await readSettled(place),
    watermark: await readWatermark(place.sql),
  }).toEqual(before);
  const [freshness] = await place.sql`select * from streaming.summary_freshness`;
  expect(freshness).toMatchObject({
    is_healthy: false,
    last_settle_status: "failed",
    last_settle_error: "assert_no_count_falls fail",
  });
  const red = await verify(place);
  expect(red).toMatchObject({ exitCode: 1, firstDifference: SUMMARY_HOP });
  expect(red.remarks).toMatch(/the last settle failed at .*: assert_no_count_falls fail/);

  await place.sql`
    insert into streaming.corrected_users (user_id)
    select distinct user_id from streaming.user_events`;
  await settle(place);
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
  const [healthy] = await place.sql`select is_healthy from streaming.summary_freshness`;
  expect(healthy?.is_healthy).toBe(true);
});

test("damage to the counts is refused by the ledger's test, and a replay that mends it is followed", async () => {
  const { place, counts } = await streamedPlace("replayed");
  const before = await readSettled(place);
  await place.sql`
    update streaming.user_events
    set event_count = event_count + 3, updated_xid = pg_current_xact_id()::text::bigint
    where user_id < 9`;
  await place.sql`delete from streaming.user_events where user_id between 10 and 14`;
  const refused = await transform(place);
  expect(refused.stdout).toContain("assert_candidate_reconciles_with_ledger fail");
  expect(await readSettled(place)).toEqual(before);

  await runOrThrow(place.environment, "scripts/replay.ts");
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const users = await readUsers(place.sql);
  expect(users).toEqual(before);
  expect(users.reduce((sum, user) => sum + user.total_events, 0)).toBe(total);
  await settle(place);
  expect(await readSettled(place)).toEqual(before);
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
});

test("verify names the summary when the settled rows are damaged, and a refresh mends them", async () => {
  const { place } = await streamedPlace("damaged");
  const before = await readSettled(place);
  const transformer = connect(place.config, "transform");
  await transformer`
    update transform.user_totals_settled
    set total_views = total_views + 1, total_events = total_events + 1 where user_id = 7`;
  await transformer`
    insert into transform.user_totals_settled
    values (999, 1, 0, 0, 1, now(), 1, current_date)`;
  await transformer.end();
  expect(await verify(place)).toMatchObject({ exitCode: 1, firstDifference: SUMMARY_HOP });
  const checked = await transform(place, "check");
  expect(checked.exitCode).toBe(1);
  expect(checked.stdout).toContain("assert_settled_equals_counted_anew fail");
  const careful = await transform(place, "refresh");
  expect(careful.stdout).toContain("refresh FAILED: assert_no_count_falls fail");
  await settle(place, "refresh", "--accept-falls");
  expect(await readSettled(place)).toEqual(before);
  // The check's failure stays on record until the next one.
  expect((await verify(place)).remarks).toContain("the last check failed");
  await transform(place, "check");
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
});

test("deleted and truncated users are followed, live at once and settled by the next run", async () => {
  const { place, counts } = await countedPlace("deleted");
  await settle(place);
  const removed = counts
    .expected()
    .slice(0, 5)
    .map((row) => row.user_id);
  const remove = async (where: string) => {
    await place.sql.begin(async (transaction) => {
      await transaction.unsafe(where);
      await transaction`
        update streaming.consumer_offsets
        set stored = events, next_offset = events
        from (select coalesce(sum(event_count), 0)::bigint as events from streaming.user_events)
          as sums
        where partition = 0`;
      await transaction`
        update streaming.consumer_offsets set stored = 0, next_offset = 0 where partition > 0`;
    });
  };
  await remove(`delete from streaming.user_events where user_id in (${removed.join()})`);
  counts.forget(...removed);
  expect(await readUsers(place.sql)).toEqual(counts.expected());
  await settle(place);
  expect(await readSettled(place)).toEqual(counts.expected());

  await remove("truncate streaming.user_events");
  expect(await readUsers(place.sql)).toEqual([]);
  await settle(place);
  expect(await readSettled(place)).toEqual([]);
});

test("all is counted anew when the server's transaction ids began anew", async () => {
  const { place, counts } = await countedPlace("restored");
  await settle(place);
  const admin = connect(place.config, "admin");
  const elsewhere = 9_000_000_000_000;
  await admin`update transform.settlement set settled_xid = ${elsewhere}`;
  await admin`update streaming.user_events set updated_xid = ${elsewhere - 1} where user_id < 50`;
  await admin.end();
  await counts.add(place.sql, { events: 100 });
  expect(await readUsers(place.sql)).toEqual(counts.expected());
  expect(await settle(place)).toContain("transaction ids began anew");
  expect(await readSettled(place)).toEqual(counts.expected());
  expect(await readWatermark(place.sql)).toBeLessThan(elsewhere);
  const [row] = await place.sql`select max(updated_xid) as xid from streaming.user_events`;
  expect(row?.xid).toBeLessThan(elsewhere - 1);
});

test("readers never miss a mart while models are deployed, and keep the old ones when that fails", async () => {
  const { place, counts } = await countedPlace("deployed");
  await settle(place);
  const project = join(mkdtempSync(join(tmpdir(), "transform-test-")), "dbt");
  cpSync(join(ROOT, "dbt"), project, { recursive: true });
  const deployChanged = async () => {
    const program = Bun.spawn(
      [join(pythonFolder(place.config, "dbt"), "bin/python"), join(project, "transform.py")],
      {
        env: { ...environmentOf(place), STATE_DIR: join(place.config.STATE_DIR, "deployed") },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const finished = finish(program);
    let reads = 0;
    while (program.exitCode === null) {
      expect((await readUsers(place.sql)).length).toBe(counts.expected().length);
      reads += 1;
    }
    expect(reads).toBeGreaterThan(10);
    return finished;
  };
  const summary = join(project, "models/marts/user_event_summary.sql");
  writeFileSync(summary, `-- changed\n${readFileSync(summary, "utf8")}`);
  const deployed = await deployChanged();
  expect([deployed.exitCode, deployed.stdout]).toEqual([
    0,
    expect.stringContaining("deploy passed"),
  ]);

  const totals = join(project, "models/settled/user_totals.sql");
  writeFileSync(totals, readFileSync(totals, "utf8").replace("settled.total_clicks, 0", "0"));
  const broken = await deployChanged();
  expect(broken.exitCode).toBe(1);
  expect(broken.stdout).toContain("user_totals_puts_what_changed_over_what_is_settled");
  expect(await readUsers(place.sql)).toEqual(counts.expected());
  rmSync(project, { recursive: true });
});

test("check warns of nothing in good data, and fails for an event from the far future without stopping the runs", async () => {
  const { place, counts } = await countedPlace("future");
  await settle(place);
  const good = await transform(place, "check");
  expect([good.exitCode, good.stdout]).toEqual([0, expect.stringContaining("check passed")]);
  const docs = join(place.config.STATE_DIR, "dbt/docs/index.html");
  expect(readFileSync(docs, "utf8")).toContain("user_event_summary");
  const [day] = new Date().toISOString().split("T");
  const lineage = readFileSync(join(place.config.STATE_DIR, `dbt/lineage/${day}.ndjson`), "utf8");
  const fields = lineage
    .trim()
    .split("\n")
    .flatMap((line) => JSON.parse(line).outputs ?? [])
    .filter(({ name }) => name === "future.streaming.user_event_summary")
    .map(({ facets }) => facets.columnLineage?.fields.total_clicks.inputFields[0].field);
  expect(fields).toContain("total_clicks");

  await place.sql.begin(async (transaction) => {
    await transaction`
      insert into streaming.events_per_minute values (now() + interval '3 days', 'view', 0, 1)`;
  });
  await counts.add(place.sql, { events: 10 });
  const failed = await transform(place, "check");
  expect(failed.exitCode).toBe(1);
  expect(failed.stdout).toContain("check FAILED: assert_no_event_from_the_far_future fail");
  await settle(place);
});

test("check warns when the rate or the mix of events leaves the bounds that it has learned", async () => {
  const { place } = await countedPlace("bounds");
  await settle(place);
  const warnings = async () => {
    const { exitCode, stdout } = await transform(place, "check");
    expect(exitCode).toBe(0);
    return [...stdout.matchAll(/^warn .*(warn_if_\w+)/gm)].map(([, name]) => name).sort();
  };
  // Ten days like each other, to the last full hour: 600 views and 60 purchases in each.
  await place.sql`truncate streaming.events_per_minute`;
  await place.sql`
    insert into streaming.events_per_minute (minute, event_type, partition, event_count)
    select hour, event_type, 0, case event_type when 'view' then 600 else 60 end + extract(hour from hour)
    from generate_series(
        date_trunc('hour', now()) - interval '10 days',
        date_trunc('hour', now()) - interval '1 hour',
        interval '1 hour'
      ) as hour,
      unnest(array['view', 'purchase']) as event_type`;
  expect(await warnings()).toEqual([]);
  await place.sql`
    update streaming.events_per_minute set event_count = 5000
    where minute = date_trunc('hour', now()) - interval '1 hour' and event_type = 'purchase'`;
  expect(await warnings()).toEqual([
    "warn_if_event_mix_leaves_its_bounds",
    "warn_if_event_rate_leaves_its_bounds",
  ]);
  // An hour without any event is as much out of bounds as one with too many.
  await place.sql`
    delete from streaming.events_per_minute
    where minute = date_trunc('hour', now()) - interval '1 hour'`;
  expect(await warnings()).toEqual(["warn_if_event_rate_leaves_its_bounds"]);
});

test("check sends its lineage to an endpoint when there is one", async () => {
  const { place } = await countedPlace("lineage");
  const received: { authorization: string | null; job: string }[] = [];
  const endpoint = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { job } = (await request.json()) as { job: { name: string } };
      received.push({ authorization: request.headers.get("authorization"), job: job.name });
      return new Response();
    },
  });
  const environment = {
    ...place.environment,
    OPENLINEAGE_URL: `http://127.0.0.1:${endpoint.port}`,
    OPENLINEAGE_API_KEY: "key-of-the-test",
  };
  await settle({ ...place, environment });
  const { exitCode, stdout } = await transform({ ...place, environment }, "check");
  await endpoint.stop(true);
  expect([exitCode, stdout]).toEqual([0, expect.not.stringContaining("key-of-the-test")]);
  expect(new Set(received.map(({ authorization }) => authorization))).toEqual(
    new Set(["Bearer key-of-the-test"]),
  );
  expect(received.map(({ job }) => job)).toContain(
    "lineage.streaming.platform.user_event_summary.build.run",
  );
});

test("prune forgets old runs but the one that says which models are deployed", async () => {
  const { place } = await countedPlace("pruned");
  await settle(place);
  await settle(place);
  const transformer = connect(place.config, "transform");
  await transformer`update transform.runs set started_at = started_at - interval '30 days'`;
  await transformer.end();
  const { stdout } = await transform(place, "prune");
  expect(stdout).toContain("Forgot 1 runs older than 7 days");
  expect(await readRuns(place.sql)).toEqual([{ command: "deploy", status: "passed", error: null }]);
  expect(await settle(place)).not.toContain("Deploying");
});

test("roles may do what their part needs and nothing else", async () => {
  const { place } = await countedPlace("roles");
  await settle(place);
  const reader = connect(place.config, "read");
  expect(await readUsers(reader)).toEqual(await readUsers(place.sql));
  const transformer = connect(place.config, "transform");
  for (const [sql, statement] of [
    [reader, "select from transform.user_totals_settled"],
    [reader, "update transform.settlement set settled_xid = 0"],
    [reader, "create table streaming.mine ()"],
    [transformer, "update streaming.user_events set event_count = 1"],
    [transformer, "delete from streaming.consumer_offsets"],
    [transformer, "select from streaming.dead_letters, pg_authid"],
  ] as const) {
    expect(
      await sql.unsafe(statement).then(
        () => "allowed",
        (error) => error.code,
      ),
    ).toBe("42501");
  }
  await reader.end();
  await transformer.end();
});

test("events of a running stream are in user_event_summary within seconds, and all of them in the end", async () => {
  const place = await platform.place("running");
  await settle(place);
  const consumer = await startConsumer(place);
  const load = start(place.environment, "scripts/produce.ts", [
    ...["--rate", "1000", "--users", "200", "--duration", "20s", "--json"],
  ]);
  const reader = connect(place.config, "read");
  let previous = 0;
  let looks = 0;
  let settled: Promise<string> | undefined;
  while (load.exitCode === null) {
    const [row] = await reader`
      select coalesce(sum(total_events), 0)::bigint as shown,
        (select coalesce(sum(stored), 0)::bigint from streaming.consumer_offsets) as stored
      from streaming.user_event_summary`;
    // One statement is one snapshot: what is counted is shown.
    expect(row?.shown).toBe(row?.stored);
    expect(row?.shown).toBeGreaterThanOrEqual(previous);
    previous = row?.shown;
    looks += 1;
    if (previous > 2_000) settled ??= settle(place);
  }
  expect(looks).toBeGreaterThan(100);
  await settled;
  const { sent } = JSON.parse((await new Response(load.stdout).text()).trim().split("\n").at(-1)!);
  await untilRead(place.sql, sent);
  const [row] =
    await reader`select sum(total_events)::bigint as shown from streaming.user_event_summary`;
  expect(row?.shown).toBe(sent);
  await reader.end();
  await stopConsumer(consumer);
  await settle(place);
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
});

test("transform says what to do when it is used wrongly", async () => {
  const place = await platform.place("usage");
  const unknown = await transform(place, "setle");
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    2,
    expect.stringContaining("invalid choice"),
  ]);
  const { POSTGRES_TRANSFORM_PASSWORD: _, ...environment } = place.environment;
  const secretless = await transform({ ...place, environment });
  expect([secretless.exitCode, secretless.stderr]).toEqual([
    2,
    "Cannot run dbt: POSTGRES_TRANSFORM_PASSWORD is not set; `bun run up` generates it\n",
  ]);
  const closed = { ...place.environment, POSTGRES_PORT: "9" };
  const unreachable = await transform({ ...place, environment: closed });
  expect(unreachable.exitCode).toBe(1);
  expect(unreachable.stderr).toStartWith("Cannot reach PostgreSQL: ");
  expect(existsSync(join(place.config.STATE_DIR, "dbt"))).toBe(true);
});
