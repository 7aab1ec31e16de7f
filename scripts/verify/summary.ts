/**
 * user_events → user_event_summary: what dbt makes of the counts has the same events, type by type,
 * in the same snapshot. dbt's own tests look at more than sums, so its last runs must have passed too.
 */

import { EVENT_TYPES, type TypeCounts, totalOf } from "../../schema/event-types.ts";
import { typeColumns } from "../ledger/type-counts.ts";
import type { Sql } from "../lib/postgres.ts";
import type { HopResult } from "./hop.ts";
import { noAnswer, notAsked, OPTIONAL_HOPS } from "./optional-hops.ts";

/** The row of the view `transform.health`. */
interface Health {
  settled_at: Date | null;
  last_settle_command: string | null;
  last_settle_status: string | null;
  last_settle_finished_at: Date | null;
  last_settle_error: string | null;
  last_check_status: string | null;
  last_check_finished_at: Date | null;
  last_check_error: string | null;
  is_healthy: boolean;
}

export interface SummaryNumbers {
  /** As the consumer has stored them. */
  stored: TypeCounts;
  /** As the summary shows them. */
  summarized: TypeCounts;
  health: Health;
}

/** Undefined when this database has no summary, because dbt has never run on it. */
export function readSummary(sql: Sql): Promise<SummaryNumbers | undefined> {
  return sql.begin("isolation level repeatable read read only", async (transaction) => {
    const [found] = await transaction`
      select to_regclass('streaming.user_event_summary') is not null as exists`;
    if (!found?.exists) return undefined;
    const [stored] = await transaction<TypeCounts[]>`
      select ${typeColumns(transaction)} from streaming.user_events`;
    const [summarized] = await transaction<TypeCounts[]>`
      select
        coalesce(sum(total_clicks), 0)::bigint as click,
        coalesce(sum(total_views), 0)::bigint as view,
        coalesce(sum(total_purchases), 0)::bigint as purchase
      from streaming.user_event_summary`;
    const [health] = await transaction<Health[]>`select * from transform.health`;
    return { stored, summarized, health } as SummaryNumbers;
  }) as Promise<SummaryNumbers | undefined>;
}

/** `isExpected` says whether a summary that dbt has not built yet is a fault. */
export function verifySummary(summary: SummaryNumbers | undefined, isExpected: boolean): HopResult {
  if (summary === undefined) {
    const reason = "dbt has not built it yet; Airflow will, and `bun run transform` does it now";
    return isExpected
      ? noAnswer("dbt", "there is no user_event_summary", reason)
      : notAsked("dbt", reason);
  }
  const { stored, summarized, health } = summary;
  const numbers = { stored: totalOf(stored), summarized: totalOf(summarized) };
  const differing = EVENT_TYPES.filter((type) => stored[type] !== summarized[type]);
  return {
    hop: OPTIONAL_HOPS.dbt.hop,
    equation: `${numbers.stored} in user_events = ${numbers.summarized} in user_event_summary`,
    holds: differing.length === 0 && health.is_healthy,
    numbers,
    remarks: [
      ...differing.map(
        (type) =>
          `${type}: ${stored[type]} in user_events, ${summarized[type]} in user_event_summary`,
      ),
      ...failuresOf(health),
      health.settled_at
        ? `settled up to ${health.settled_at.toISOString()}`
        : "nothing is settled yet",
    ],
  };
}

function failuresOf(health: Health): string[] {
  const failures: string[] = [];
  const note = (command: string | null, finishedAt: Date | null, error: string | null) =>
    failures.push(`the last ${command} failed at ${finishedAt?.toISOString()}: ${error}`);
  if (health.last_settle_status === "failed") {
    note(health.last_settle_command, health.last_settle_finished_at, health.last_settle_error);
  }
  if (health.last_check_status === "failed") {
    note("check", health.last_check_finished_at, health.last_check_error);
  }
  return failures;
}
