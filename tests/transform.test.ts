/**
 * dbt on a real PostgreSQL: queries return the right counts at every moment, whatever happens to
 * the runs that settle them. Airflow, which calls the same command, has its own test.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DBT } from "../dbt/install.ts";
import { install } from "../scripts/host/install.ts";
import { commandLine, processesWithEnvironment } from "../scripts/host/process-tree.ts";
import { prepareRecords } from "../scripts/host/records-database.ts";
import { ADVISORY_LOCKS } from "../scripts/lib/advisory-locks.ts";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { connect, type Sql } from "../scripts/lib/postgres.ts";
import { deadline, until } from "../scripts/lib/wait.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import {
  countedPlace,
  environmentOf,
  readRuns,
  readSettled,
  readUsers,
  readWatermark,
  settle,
  startPlainDbt,
  startTransform,
  transform,
  verify,
} from "./harness/marts.ts";
import { type Place, Platform } from "./harness/platform.ts";
import { finish, start } from "./harness/script.ts";
import { untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  await install(readConfig(), [DBT]);
});
afterAll(() => platform.stop());

/** Holds a lock in its own transaction until `release` is called. */
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
    /** Waits until dbt waits for a lock with a statement that contains the text. */
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

/** Takes the lock of a run of dbt. */
const dbtLock = `select pg_advisory_lock(${ADVISORY_LOCKS.transform})`;

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
  const { place, counts } = await countedPlace(platform, "batches");
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
  const { place, counts } = await countedPlace(platform, "late");
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
  // The usual watermark, the latest settled `updated_at`, would have missed each of these.
  const [missed] = await place.sql`
    select count(*) from streaming.user_events
    where updated_at < ${newest?.at} and user_id % 4 = 2
      and updated_xid > (select min(updated_xid) from streaming.user_events)`;
  expect(missed?.count).toBeGreaterThan(20);
});

test("a run that is killed while it settles leaves all as it was, and the next one goes on", async () => {
  const { place, counts } = await countedPlace(platform, "killed");
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
  const { place } = await countedPlace(platform, "interrupted");
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
  expect((await readRuns(place.sql))[0]).toMatchObject({ status: "interrupted" });
});

test("two runs at once work one after the other", async () => {
  const { place, counts } = await countedPlace(platform, "queued");
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
  const refused = await holdLock(place, dbtLock);
  const impatient = await transform(place, "--wait", "1");
  await refused.release();
  expect([impatient.exitCode, impatient.stderr]).toEqual([
    1,
    "Cannot run dbt: another run has not ended within 1 s\n",
  ]);
});

test("the database of Airflow's records is prepared while a run of dbt has its lock", async () => {
  const place = await platform.place("records");
  const dbt = await holdLock(place, dbtLock);
  try {
    const config = readConfig({ ...place.environment, AIRFLOW_POSTGRES_DB: "records_airflow" });
    const upkeep = { mark: "made", bringUpToDate: () => {} };
    await deadline(prepareRecords(config, "airflow", upkeep), 30_000);
  } finally {
    await dbt.release();
  }
});

test("an older run of plain dbt is refused by the fence when a newer one has started", async () => {
  const { place, counts } = await countedPlace(platform, "fenced");
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

test("deleted and truncated users are followed, live at once and settled by the next run", async () => {
  const { place, counts } = await countedPlace(platform, "deleted");
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

test("all users are recounted when the server's transaction ids have restarted", async () => {
  const { place, counts } = await countedPlace(platform, "restored");
  await settle(place);
  const admin = connect(place.config, "admin");
  const elsewhere = 9_000_000_000_000;
  await admin`update transform.settlement set settled_xid = ${elsewhere}`;
  await admin`update streaming.user_events set updated_xid = ${elsewhere - 1} where user_id < 50`;
  await admin.end();
  await counts.add(place.sql, { events: 100 });
  expect(await readUsers(place.sql)).toEqual(counts.expected());
  expect(await settle(place)).toContain("transaction ids restarted");
  expect(await readSettled(place)).toEqual(counts.expected());
  expect(await readWatermark(place.sql)).toBeLessThan(elsewhere);
  const [row] = await place.sql`select max(updated_xid) as xid from streaming.user_events`;
  expect(row?.xid).toBeLessThan(elsewhere - 1);
});

test("readers never miss a mart while models are deployed, and keep the old ones when that fails", async () => {
  const { place, counts } = await countedPlace(platform, "deployed");
  await settle(place);
  const project = join(mkdtempSync(join(tmpdir(), "transform-test-")), "dbt");
  cpSync(join(ROOT, "dbt"), project, { recursive: true });
  const deployChanged = async () => {
    const program = Bun.spawn(
      [DBT.program(place.config, "python"), join(project, "transform.py")],
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
    // One statement is one snapshot: everything that is counted is shown.
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
    expect.stringContaining("did you mean settle?"),
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
