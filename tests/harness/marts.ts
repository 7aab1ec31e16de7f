/** Runs dbt as its users do, and reads its tables as a stranger would. */
import { expect } from "bun:test";
import { join } from "node:path";
import { DBT } from "../../dbt/install.ts";
import { asEnvironment } from "../../scripts/host/environment.ts";
import { ROOT } from "../../scripts/lib/config.ts";
import { connect, type Sql } from "../../scripts/lib/postgres.ts";
import type { HopResult } from "../../scripts/verify/hop.ts";
import { DirectCounts, type UserRow } from "./direct-counts.ts";
import type { Place, Platform } from "./platform.ts";
import { finish, run, start } from "./script.ts";

const SUMMARY_HOP = "user_events → user_event_summary";

/** `bun run transform` with the given words, left running. */
export const startTransform = (place: Place, ...words: string[]) =>
  start(place.environment, "scripts/transform.ts", words);

export const transform = (place: Place, ...words: string[]) =>
  finish(startTransform(place, ...words));

/** dbt itself, without the lock and the records that `dbt/run` adds. */
export function startPlainDbt(place: Place, name: string, ...words: string[]) {
  const folder = join(place.config.STATE_DIR, `plain-dbt-${name}`);
  const dbt = DBT.program(place.config, "dbt");
  const folders = ["--project-dir", join(ROOT, "dbt"), "--profiles-dir", join(ROOT, "dbt")];
  return Bun.spawn(
    [dbt, "--no-use-colors", ...words, ...folders, "--target-path", folder, "--log-path", folder],
    { env: environmentOf(place), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
}

/** The settings with their defaults, which `dbt/run` would add. */
export const environmentOf = ({ environment, config }: Place): Record<string, string> => ({
  ...environment,
  ...asEnvironment(config),
});

/** The users' rows, live. */
export async function readUsers(sql: Sql): Promise<UserRow[]> {
  const rows = await sql<UserRow[]>`
    select user_id, total_clicks, total_views, total_purchases, summary.total_events,
      count_active_days, last_active_on::text
    from streaming.user_event_summary as summary
    left join streaming.user_engagement using (user_id)
    order by user_id`;
  return rows.map((row) => ({ ...row }));
}

/** The settled rows of the users after the last run. Only dbt itself may read these. */
export async function readSettled({ config }: Place): Promise<UserRow[]> {
  const sql = connect(config, "transform");
  const rows = await sql<UserRow[]>`
    select user_id, total_clicks, total_views, total_purchases, total_events,
      count_active_days, last_active_on::text
    from transform.user_totals_settled
    order by user_id`;
  await sql.end();
  return rows.map((row) => ({ ...row }));
}

export async function readWatermark(sql: Sql): Promise<number> {
  const [row] = await sql`select settled_xid from transform.settlement`;
  return row?.settled_xid;
}

/** State and error of the runs of dbt, the last one first. */
export async function readRuns(sql: Sql) {
  const rows = await sql<{ command: string; status: string; error: string | null }[]>`
    select command, status, error from transform.runs order by started_at desc`;
  return rows.map((row) => ({ ...row }));
}

/** A place with counts of several days in all partitions, and the expected values. */
export async function countedPlace(platform: Platform, name: string) {
  const place = await platform.place(name);
  const counts = new DirectCounts(1);
  await counts.begin(place.sql);
  for (const partition of [0, 1, 2, 3]) await counts.add(place.sql, { events: 300, partition });
  return { place, counts };
}

/** Runs dbt by `bun run transform`, expects that it passes, and returns its output. */
export async function settle(place: Place, ...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await transform(place, ...words);
  expect([exitCode, stderr, stdout]).toEqual([0, "", expect.stringContaining("passed")]);
  return stdout;
}

/**
 * The result of `bun run verify`: its exit code, the first hop that differs, the summary's remarks.
 */
export async function verify(place: Place) {
  const { exitCode, stdout } = await run(place.environment, "scripts/verify.ts", ["--json"]);
  const { firstDifference, hops } = JSON.parse(stdout);
  const hop = (hops as HopResult[]).find(({ hop }) => hop === SUMMARY_HOP)!;
  return { exitCode, firstDifference, remarks: hop.remarks.join("; ") };
}
