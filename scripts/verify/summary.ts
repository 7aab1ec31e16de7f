/**
 * user_events → user_event_summary: what dbt makes of the counts has the same events, type by type,
 * in the same snapshot; and dbt's own tests, which look at more than sums, allowed the last run.
 */

import { EVENT_TYPES, type TypeCounts } from "../../schema/event-types.ts";
import { type HopResult, sum } from "../ledger/hop.ts";
import type { Sql } from "../lib/postgres.ts";

export interface SummaryNumbers {
  /** By event type, as the consumer has stored them. */
  stored: TypeCounts;
  /** By event type, as the summary shows them. */
  summarized: TypeCounts;
  settledAt: Date | null;
  /** The last run of each kind that failed, and why. */
  failedRuns: { command: string; finishedAt: Date; error: string | null }[];
}

/** Undefined when this database has no summary, because dbt has never run on it. */
export function readSummary(sql: Sql): Promise<SummaryNumbers | undefined> {
  return sql.begin("isolation level repeatable read read only", async (transaction) => {
    const [found] = await transaction`
      select to_regclass('streaming.user_event_summary') is not null as exists`;
    if (!found?.exists) return undefined;
    const [stored] = await transaction<TypeCounts[]>`
      select
        coalesce(sum(event_count) filter (where event_type = 'click'), 0)::bigint as click,
        coalesce(sum(event_count) filter (where event_type = 'view'), 0)::bigint as view,
        coalesce(sum(event_count) filter (where event_type = 'purchase'), 0)::bigint as purchase
      from streaming.user_events`;
    const [summarized] = await transaction<TypeCounts[]>`
      select
        coalesce(sum(total_clicks), 0)::bigint as click,
        coalesce(sum(total_views), 0)::bigint as view,
        coalesce(sum(total_purchases), 0)::bigint as purchase
      from streaming.user_event_summary`;
    const [settlement] = await transaction`
      select settled_at as "settledAt" from transform.settlement`;
    // A deployment and a refresh settle as well, so they make up for a run that failed.
    const failedRuns = await transaction<SummaryNumbers["failedRuns"]>`
      select command, finished_at as "finishedAt", error
      from (
        select distinct on (command = 'check') *
        from transform.runs
        where status in ('passed', 'failed') and command <> 'freshness'
        order by command = 'check', finished_at desc
      ) as last_runs
      where status = 'failed'`;
    return {
      stored: stored as TypeCounts,
      summarized: summarized as TypeCounts,
      settledAt: settlement?.settledAt ?? null,
      failedRuns: [...failedRuns],
    };
  }) as Promise<SummaryNumbers | undefined>;
}

export function verifySummary(summary: SummaryNumbers | undefined): HopResult {
  const hop = "user_events → user_event_summary";
  if (summary === undefined) {
    const equation = "dbt has not built it yet; Airflow will, and `bun run transform` does it now";
    return { hop, equation, holds: true, isMissing: true, numbers: {}, remarks: [] };
  }
  const { stored, summarized, settledAt, failedRuns } = summary;
  const numbers = {
    stored: sum(EVENT_TYPES, (type) => stored[type]),
    summarized: sum(EVENT_TYPES, (type) => summarized[type]),
  };
  const differing = EVENT_TYPES.filter((type) => stored[type] !== summarized[type]);
  return {
    hop,
    equation: `${numbers.stored} in user_events = ${numbers.summarized} in user_event_summary`,
    holds: differing.length === 0 && failedRuns.length === 0,
    numbers,
    remarks: [
      ...differing.map(
        (type) =>
          `${type}: ${stored[type]} in user_events, ${summarized[type]} in user_event_summary`,
      ),
      ...failedRuns.map(
        ({ command, finishedAt, error }) =>
          `the last ${command} failed at ${finishedAt.toISOString()}: ${error}`,
      ),
      settledAt ? `settled up to ${settledAt.toISOString()}` : "nothing is settled yet",
    ],
  };
}
