/**
 * The statement that reads all numbers of the summary in one snapshot, so that they agree with each
 * other. Until dbt has built its summary by user, the totals are summed from the consumer's table.
 */

import type { TypeCounts } from "../../schema/event-types.ts";
import type { LedgerCounts } from "../../schema/ledger.ts";
import { TIMELINE_MINUTES, TOP_USERS_MAX } from "../../schema/limits.ts";
import { inScope, type LedgerScope, totalColumns } from "../ledger/ledger.ts";
import { typeColumns } from "../ledger/type-counts.ts";
import type { Sql } from "../lib/postgres.ts";

export interface SummaryQuery {
  scope: LedgerScope;
  namesTopUsers: boolean;
  /** Read the users from dbt's `user_event_summary`. */
  isBuilt: boolean;
}

/** The only row of the answer. Times are milliseconds since 1970. */
export interface Row extends TypeCounts, LedgerCounts {
  asOfMs: number;
  /** Whether dbt's `user_event_summary` exists in this snapshot. */
  isBuilt: boolean;
  users: number;
  eventsToday: number;
  timeline: (TypeCounts & { minuteMs: number })[];
  topUsers: (TypeCounts & { user_id: number; events: number })[];
  newestEventMs: number | null;
  eventToKafkaMs: number | null;
  kafkaToTableMs: number | null;
  settledMs: number | null;
  isHealthy: boolean;
  /** Partitions where counting stands at a record batch that cannot be read. */
  standing: number;
  /** What the consumers wait for, and since when; null while they count. */
  waitingFor: string | null;
  waitingSinceMs: number | null;
}

/** Sends the statement; the caller knows only afterwards whether `isBuilt` was right. */
export async function readRow(sql: Sql, query: SummaryQuery): Promise<Row> {
  const { isBuilt, namesTopUsers } = query;
  const [row] = await sql<Row[]>`
    with totals as (${isBuilt ? totalsOfUsers(sql) : totalsOfCounts(sql)}),
    ${minutes(sql)},
    ${ledger(sql, query)},
    ${transform(sql)},
    ${consumers(sql, query)}
    select
      ${ms(sql, "now()")} as "asOfMs",
      to_regclass('streaming.user_event_summary') is not null as "isBuilt",
      totals.*, today.*, timeline.*, ledger.*, last_batch.*, transform.*, consumers.*,
      ${namesTopUsers ? topUsers(sql, isBuilt) : sql`'[]'::jsonb`} as "topUsers"
    from totals
    cross join today
    cross join timeline
    cross join ledger
    cross join transform
    cross join consumers
    left join last_batch on true`;
  return row!;
}

/** Milliseconds since 1970, or of an interval. */
const ms = (sql: Sql, expression: string) =>
  sql`(extract(epoch from ${sql.unsafe(expression)}) * 1000)::float8`;

const totalsOfUsers = (sql: Sql) => sql`
  select
    coalesce(sum(total_views), 0)::bigint as view,
    coalesce(sum(total_clicks), 0)::bigint as click,
    coalesce(sum(total_purchases), 0)::bigint as purchase,
    count(*) as users
  from streaming.user_event_summary`;

/** Users are counted separately: `distinct` on the primary key is three times faster than grouping. */
const totalsOfCounts = (sql: Sql) => sql`
  select
    ${typeColumns(sql)},
    (
      select count(*)
      from (select distinct user_id from streaming.user_events) as users
    ) as users
  from streaming.user_events`;

const topUsers = (sql: Sql, isBuilt: boolean) => sql`(
  select coalesce(jsonb_agg(most_active order by events desc, user_id), '[]')
  from (${isBuilt ? topOfUsers(sql) : topOfCounts(sql)}) as most_active
)`;

const topOfUsers = (sql: Sql) => sql`
  select
    user_id,
    total_events as events,
    total_views as view,
    total_clicks as click,
    total_purchases as purchase
  from streaming.user_event_summary
  order by total_events desc, user_id
  limit ${TOP_USERS_MAX}`;

const topOfCounts = (sql: Sql) => sql`
  select
    user_id,
    sum(event_count)::bigint as events,
    ${typeColumns(sql)}
  from streaming.user_events
  group by user_id
  order by events desc, user_id
  limit ${TOP_USERS_MAX}`;

/** An event with a time in the future is in the totals, but in no minute up to now. */
const minutes = (sql: Sql) => sql`
  recent as (
    select minute, event_type, sum(event_count)::bigint as event_count
    from streaming.events_per_minute
    where minute >= least(
      date_trunc('day', now(), 'UTC'),
      date_trunc('minute', now()) - make_interval(mins => ${TIMELINE_MINUTES - 1})
    ) and minute <= now()
    group by minute, event_type
  ),
  today as (
    select coalesce(sum(event_count), 0)::bigint as "eventsToday"
    from recent
    where minute >= date_trunc('day', now(), 'UTC')
  ),
  timeline as (
    select jsonb_agg(by_type order by "minuteMs") as timeline
    from (
      select
        ${ms(sql, "minute")} as "minuteMs",
        ${typeColumns(sql)}
      from generate_series(
        date_trunc('minute', now()) - make_interval(mins => ${TIMELINE_MINUTES - 1}),
        date_trunc('minute', now()),
        interval '1 minute'
      ) as minute
      left join recent using (minute)
      group by minute
    ) as by_type
  )`;

const ledger = (sql: Sql, { scope }: SummaryQuery) => sql`
  partitions as (
    select *
    from streaming.consumer_offsets
    where ${inScope(sql, scope)}
  ),
  ledger as (
    select
      ${totalColumns(sql)},
      ${ms(sql, "max(last_event_at)")} as "newestEventMs",
      count(standstill) as standing
    from partitions
  ),
  last_batch as (
    select
      ${ms(sql, "last_append_at - last_event_at")} as "eventToKafkaMs",
      ${ms(sql, "last_commit_at - last_append_at")} as "kafkaToTableMs"
    from partitions
    order by last_commit_at desc nulls last
    limit 1
  )`;

const transform = (sql: Sql) => sql`
  transform as (
    select ${ms(sql, "settled_at")} as "settledMs", is_healthy as "isHealthy"
    from transform.health
  )`;

/** A consumer without a report for this long was killed, or is cut off. */
const SILENT_SECONDS = 10;
/** Shorter waits, such as those of a rebalance, are not worth a word. */
const WAIT_SECONDS_MIN = 3;

/** A database without any report says nothing: nothing was counted yet, or by an older consumer. */
const consumers = (sql: Sql, { scope }: SummaryQuery) => sql`
  reports as (
    select
      *,
      stopped_at is null and seen_at > now() - make_interval(secs => ${SILENT_SECONDS}) as is_running
    from streaming.consumers
    where ${inScope(sql, scope)}
  ),
  waits as (
    select waiting_for, waiting_since as since
    from reports
    where is_running and waiting_since < now() - make_interval(secs => ${WAIT_SECONDS_MIN})
    union all
    select 'a consumer', max(coalesce(stopped_at, seen_at))
    from reports
    having count(*) > 0 and not bool_or(is_running)
  ),
  consumers as (
    select
      (array_agg(waiting_for order by since))[1] as "waitingFor",
      ${ms(sql, "min(since)")} as "waitingSinceMs"
    from waits
  )`;
