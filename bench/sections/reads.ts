/**
 * The time to read the marts with the role of a reader. First all users are settled; then the view
 * must add the changes of a second, and of a minute.
 */
import { connect, type Sql } from "../../scripts/lib/postgres.ts";
import type { Bench } from "../rig/bench.ts";
import { disturbance, measureCpu } from "../rig/cpu.ts";
import { dropModels, settle } from "../rig/dbt.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { seedUsers, touchedUser, touchUsers, untilQuiet, untilTidied } from "../rig/users.ts";

/** Users that change within a second and within a minute at 1,000 events/s. */
const CHANGED_USERS = [0, 1_000, 58_000];
const TIMES = 5;

interface ReadQuery {
  name: string;
  /** In ms; the other queries have no target. */
  target?: number;
  statement: string;
}

const readQueries = (users: number): ReadQuery[] => [
  {
    name: "user_event_summary: totals",
    target: 400,
    statement: `
      select sum(total_clicks), sum(total_views), sum(total_purchases), sum(total_events)
      from streaming.user_event_summary`,
  },
  {
    name: "user_event_summary: top 10",
    target: 400,
    statement: `
      select user_id, total_events from streaming.user_event_summary
      order by total_events desc, user_id limit 10`,
  },
  ...["user_event_summary", "purchase_conversion_by_user", "user_engagement"].map((mart) => ({
    name: `${mart}: one user`,
    target: 10,
    statement: `select * from streaming.${mart} where user_id = ${touchedUser(users, 500)}`,
  })),
  {
    name: "event_type_distribution: all",
    statement: "select * from streaming.event_type_distribution",
  },
  { name: "event_timeline: all", statement: "select * from streaming.event_timeline" },
  {
    name: "user_engagement: segments",
    statement: "select segment, count(*) from streaming.user_engagement group by segment",
  },
];

export interface ReadsRow {
  name: string;
  users: number;
  targetMs: number | undefined;
  /** By the number of users that changed since the last settle. */
  reads: { changed: number; ms: Spread }[];
  /** The largest share among the times at which the query ran. */
  othersShare: number;
}

export async function reads(bench: Bench): Promise<ReadsRow[]> {
  const { stack, owner, effort } = bench;
  const users = effort.quick ? 100_000 : 1_000_000;
  const sql = connect(stack.config, "read", { applicationName: "bench" });
  const rows: ReadsRow[] = [];
  for (const { name, target } of readQueries(users)) {
    rows.push({ name, users, targetMs: target, reads: [], othersShare: 0 });
  }
  try {
    bench.say(`reads: making and settling ${users} users`);
    await dropModels(bench);
    await seedUsers(owner, users);
    const seededAt = new Date();
    await settle(bench);
    await untilTidied(owner, seededAt, ["user_totals_settled"]);
    for (const changed of CHANGED_USERS) {
      bench.say(`reads: ${changed} users changed since`);
      await settle(bench);
      await touchUsers(owner, users, changed);
      await untilQuiet(owner);
      const used = measureCpu(stack, "own");
      for (const [index, { statement }] of readQueries(users).entries()) {
        rows[index]!.reads.push({ changed, ms: await time(sql, statement) });
      }
      // One figure for all queries: one user is read faster than the kernel counts.
      const share = disturbance(used());
      for (const row of rows) row.othersShare = Math.max(row.othersShare, share);
    }
    return rows;
  } finally {
    await sql.end({ timeout: 2 });
    await emptyTables(owner);
    await dropModels(bench);
  }
}

/** Planned again each time, as for a new reader; the first time only warms up. */
async function time(sql: Sql, statement: string): Promise<Spread> {
  const times: number[] = [];
  for (let attempt = 0; attempt <= TIMES; attempt++) {
    const startMs = performance.now();
    const rows = await sql.unsafe(statement);
    const ms = performance.now() - startMs;
    if (rows.length === 0) throw new Error(`Cannot trust this run: no rows from ${statement}`);
    if (attempt > 0) times.push(ms);
  }
  return spread(times);
}
