/**
 * The cost of the dashboard: its queries through Trino and directly in PostgreSQL, at few and at
 * many users. Also the viewers that this machine carries, and the memory of all services.
 */
import { connect } from "../../scripts/lib/postgres.ts";
import { queryPages } from "../../scripts/lib/trino.ts";
import type { Bench } from "../rig/bench.ts";
import {
  type Load,
  learnQueries,
  listServices,
  REFRESH_MS,
  type Service,
  type Session,
  startDashboard,
  view,
} from "../rig/dashboard.ts";
import { dropModels, settle } from "../rig/dbt.ts";
import { quantile } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { seedUsers, touchUsers, untilQuiet } from "../rig/users.ts";

const TIMES = 20;
/** Users that changed since the last settle: those of a second at 1,000 events/s. */
const CHANGED_USERS = 1_000;
const VIEWERS = [1, 5, 10, 20, 30, 40, 60, 80, 120];

const TOP_TEN = "from streaming.most_active_users where activity_rank <= 10 group by user_label";
/** The query of the chart with this title, in PostgreSQL's SQL. */
const DIRECT: Record<string, string> = {
  Events: "select sum(event_count) from streaming.event_type_distribution",
  "Active users": "select count(*) from streaming.user_event_summary",
  Purchases:
    "select sum(event_count) filter (where event_type = 'purchase') from streaming.event_type_distribution",
  Conversion: `
    select sum(event_count) filter (where event_type = 'purchase')::float8
      / nullif(sum(event_count) filter (where event_type = 'view'), 0)
    from streaming.event_type_distribution`,
  "Data age": "select max(seconds) filter (where hop_order = 3) from streaming.freshness_by_hop",
  "Event timeline, last hour by minute": `
    select date_trunc('minute', minute), event_type, sum(event_count)
    from streaming.event_timeline
    where minute >= now() - interval '60 minutes' and minute < now() group by 1, 2`,
  "Event type distribution":
    "select event_type, sum(event_count) from streaming.event_type_distribution group by 1",
  "Top users by total activity": `
    select user_label, sum(total_views), sum(total_clicks), sum(total_purchases) ${TOP_TEN}`,
  "Purchase conversion rate by user": `select user_label, max(conversion_rate) ${TOP_TEN}`,
  Freshness: "select hop, seconds, meaning from streaming.freshness_by_hop order by hop_order",
  "User engagement metrics": "select * from streaming.most_active_users order by activity_rank",
};

interface Percentiles {
  p50: number;
  p95: number;
}

interface QueryRow {
  chart: string;
  times: { users: number; trinoMs: Percentiles; postgresMs: Percentiles }[];
}

export interface DashboardResult {
  queries: QueryRow[];
  /** With the cache and past it, each up to the first number that is not carried. */
  viewers: { users: number; cached: Load[]; uncached: Load[] };
  services: Service[];
}

export async function dashboard(bench: Bench): Promise<DashboardResult> {
  const { stack, owner, effort } = bench;
  const sizes = [100, effort.quick ? 100_000 : 1_000_000];
  const rows = new Map<string, QueryRow>();
  let session: Session | undefined;
  try {
    for (const users of sizes) {
      bench.say(`dashboard: making and settling ${users} users`);
      await dropModels(bench);
      await seedUsers(owner, users);
      await settle(bench);
      await touchUsers(owner, users, Math.min(users, CHANGED_USERS));
      await untilQuiet(owner);
      if (!session) await startDashboard(stack);
      session ??= await learnQueries(stack.config);
      bench.say(`dashboard: each query ${TIMES} times`);
      await timeQueries(bench, session, users, rows);
    }
    const users = sizes.at(-1)!;
    const cached = await carry(bench, session!, false);
    const uncached = await carry(bench, session!, true);
    const services = await listServices(stack);
    return {
      queries: [...rows.values()],
      viewers: { users, cached, uncached },
      services,
    };
  } finally {
    await emptyTables(owner);
    await dropModels(bench);
  }
}

async function timeQueries(
  { stack }: Bench,
  { queries }: Session,
  users: number,
  rows: Map<string, QueryRow>,
): Promise<void> {
  const sql = connect(stack.config, "read", { applicationName: "bench" });
  try {
    for (const { title, statement } of queries) {
      const direct = DIRECT[title];
      if (!direct) throw new Error(`Cannot compare ${title}: no query of PostgreSQL is known`);
      const trinoMs = await time(async () => {
        let count = 0;
        for await (const { rows } of queryPages(stack.config, statement, { user: "superset" })) {
          count += rows.length;
        }
        return count;
      });
      const postgresMs = await time(async () => (await sql.unsafe(direct)).length);
      const row = rows.get(title) ?? { chart: title, times: [] };
      row.times.push({ users, trinoMs, postgresMs });
      rows.set(title, row);
    }
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** The first few queries only warm up. */
async function time(ask: () => Promise<number>): Promise<Percentiles> {
  const times: number[] = [];
  for (let attempt = -3; attempt < TIMES; attempt++) {
    const startMs = performance.now();
    if ((await ask()) === 0) throw new Error("Cannot trust this run: a query gave no rows");
    if (attempt >= 0) times.push(performance.now() - startMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** Adds viewers until a page is not complete before its next refresh. */
async function carry(bench: Bench, session: Session, force: boolean): Promise<Load[]> {
  const loads: Load[] = [];
  for (const viewers of VIEWERS) {
    bench.say(`dashboard: ${viewers} viewers, ${force ? "past" : "with"} the cache`);
    const load = await view(bench.stack.config, session, viewers, force);
    loads.push(load);
    if (!isCarried(load)) break;
  }
  return loads;
}

export const isCarried = ({ p95Ms, failed }: Load) => failed === 0 && p95Ms <= REFRESH_MS;
