/**
 * user_event_summary → Trino: people who ask Trino get what PostgreSQL has. Both cannot be asked at
 * the same moment while events come in, so PostgreSQL is asked before and after. Counts only grow, so
 * what Trino says of each type must lie between the two; when nothing comes in that is equality.
 */

import { EVENT_TYPES, type TypeCounts, totalOf } from "../../schema/event-types.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { queryRows, TrinoQueryError } from "../lib/trino.ts";
import { TrinoUnreachable, trinoUrl } from "../lib/trino-address.ts";
import type { HopResult } from "./hop.ts";
import { noAnswer, notAsked, OPTIONAL_HOPS } from "./optional-hops.ts";
import type { SummaryNumbers } from "./summary.ts";

const TOTALS = `
  select coalesce(sum(total_clicks), 0) as click, coalesce(sum(total_views), 0) as view,
    coalesce(sum(total_purchases), 0) as purchase
  from postgresql.streaming.user_event_summary`;

/** What Trino says, or why it does not. */
export type TrinoAnswer = { totals: TypeCounts } | { fault: string };

export async function askTrino(config: Config): Promise<TrinoAnswer> {
  try {
    const [row] = await queryRows<Record<keyof TypeCounts, string>>(config, TOTALS);
    const totals = EVENT_TYPES.map((type) => [type, Number(row?.[type])]);
    return { totals: Object.fromEntries(totals) };
  } catch (error) {
    const isFault = [TrinoUnreachable, TrinoQueryError, ConfigError].some(
      (kind) => error instanceof kind,
    );
    if (!isFault) throw error;
    return { fault: (error as Error).message };
  }
}

/** `before` and `after` are what PostgreSQL said before and after Trino did. */
export function verifyTrino(
  config: Config,
  before: SummaryNumbers | undefined,
  answer: TrinoAnswer,
  after: SummaryNumbers | undefined,
): HopResult {
  if (before === undefined || after === undefined) {
    return notAsked("trino", "there is no user_event_summary yet");
  }
  if ("fault" in answer) {
    return noAnswer("trino", `Trino at ${trinoUrl(config)} does not say`, answer.fault);
  }
  const [least, most] = [before.summarized, after.summarized];
  const { totals } = answer;
  const numbers = { before: totalOf(least), byTrino: totalOf(totals), after: totalOf(most) };
  const differing = EVENT_TYPES.filter(
    (type) => !(least[type] <= totals[type] && totals[type] <= most[type]),
  );
  const inPostgres =
    numbers.before === numbers.after ? numbers.after : `${numbers.before} to ${numbers.after}`;
  return {
    hop: OPTIONAL_HOPS.trino.hop,
    equation: `${inPostgres} in user_event_summary = ${numbers.byTrino} by Trino`,
    holds: differing.length === 0,
    numbers,
    remarks: differing.map(
      (type) => `${type}: ${least[type]} to ${most[type]} in PostgreSQL, ${totals[type]} by Trino`,
    ),
  };
}
