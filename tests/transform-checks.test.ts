/**
 * The purpose of dbt's tests, on a real PostgreSQL: nothing is settled that they refuse, people are
 * alerted, and damage can be repaired. Also the output of a check, and the rights of each role.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DBT } from "../dbt/install.ts";
import { install } from "../scripts/host/install.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { sum } from "../scripts/lib/sum.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { DirectCounts } from "./harness/direct-counts.ts";
import { makeEvents } from "./harness/events.ts";
import {
  countedPlace,
  readRuns,
  readSettled,
  readUsers,
  readWatermark,
  settle,
  transform,
  verify,
} from "./harness/marts.ts";
import { Platform, writeLines } from "./harness/platform.ts";
import { runOrThrow } from "./harness/script.ts";
import { untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
  await install(readConfig(), [DBT]);
});
afterAll(() => platform.stop());

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

const SUMMARY_HOP = "user_events → user_event_summary";

test("a failing test of dbt keeps all settled as it was and shows in verify, until the cause is on record", async () => {
  const { place } = await streamedPlace("gate");
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
  const before = { rows: await readSettled(place), watermark: await readWatermark(place.sql) };
  // One event fewer everywhere, so that every sum still agrees: only the falling count shows it.
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

test("dbt settles events that are taken back once a replay has removed them, and its checks hold all along", async () => {
  const place = await platform.place("taken_back");
  const { lines, counts } = makeEvents(3_000);
  const path = writeLines(place, lines);
  const extra = writeLines(place, makeEvents(900, { users: 80, seed: 2 }).lines, "extra");
  const consumer = await startConsumer(place);
  for (const file of [path, extra]) {
    await runOrThrow(place.environment, "scripts/produce.ts", ["--from", file]);
  }
  await untilRead(place.sql, 3_900);
  await settle(place);
  await runOrThrow(place.environment, "scripts/produce.ts", ["--from", extra, "--retract"]);
  await untilRead(place.sql, 4_800);
  await stopConsumer(consumer);
  await settle(place);
  expect(await transform(place, "check")).toMatchObject({ exitCode: 0 });
  expect((await verify(place)).exitCode).toBe(1);

  await runOrThrow(place.environment, "scripts/replay.ts");
  await settle(place);
  const users = await readUsers(place.sql);
  expect(sum(users.map(({ total_events }) => total_events))).toBe(sum(counts.values()));
  // Users of the extra file alone are gone.
  expect(users.map(({ user_id }) => user_id)).toEqual(
    [...new Set([...counts.keys()].map((key) => Number(key.split(" ")[0])))].sort((a, b) => a - b),
  );
  expect(await transform(place, "check")).toMatchObject({ exitCode: 0 });
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
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
  const total = sum(counts.values());
  const users = await readUsers(place.sql);
  expect(users).toEqual(before);
  expect(sum(users.map((user) => user.total_events))).toBe(total);
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
  expect(checked.stdout).toContain("assert_settled_equals_recount fail");
  const careful = await transform(place, "refresh");
  expect(careful.stdout).toContain("refresh FAILED: assert_no_count_falls fail");
  await settle(place, "refresh", "--accept-falls");
  expect(await readSettled(place)).toEqual(before);
  // The check's failure stays on record until the next one.
  expect((await verify(place)).remarks).toContain("the last check failed");
  await transform(place, "check");
  expect(await verify(place)).toMatchObject({ exitCode: 0, firstDifference: null });
});

test("check deploys the models first where its schedule comes before the first settle", async () => {
  const { place, counts } = await countedPlace(platform, "unsettled");
  const { exitCode, stdout } = await transform(place, "check");
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining("check passed")]);
  expect((await readRuns(place.sql)).map(({ command }) => command)).toContain("deploy");
  expect(await readUsers(place.sql)).toEqual(counts.expected());
});

test("check passes when nothing has been counted yet, and fails when the last commit is a day ago", async () => {
  const place = await platform.place("uncounted");
  await settle(place);
  const early = await transform(place, "check");
  expect([early.exitCode, early.stdout]).toEqual([0, expect.stringContaining("check passed")]);
  await new DirectCounts(1).begin(place.sql);
  await place.sql`update streaming.consumer_offsets set last_commit_at = now() - interval '25 hours'`;
  const late = await transform(place, "check");
  expect([late.exitCode, late.stdout]).toEqual([1, expect.stringContaining("freshness FAILED")]);
});

test("check warns of nothing in good data, and fails for an event from the far future without stopping the runs", async () => {
  const { place, counts } = await countedPlace(platform, "future");
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
  const { place } = await countedPlace(platform, "bounds");
  await settle(place);
  const warnings = async () => {
    const { exitCode, stdout } = await transform(place, "check");
    expect(exitCode).toBe(0);
    return [...stdout.matchAll(/^warn .*(warn_if_\w+)/gm)].map(([, name]) => name).sort();
  };
  // Ten similar days, to the last full hour: 600 views and 60 purchases in each.
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
  const { place } = await countedPlace(platform, "lineage");
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
  const { place } = await countedPlace(platform, "pruned");
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
  const { place } = await countedPlace(platform, "roles");
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
