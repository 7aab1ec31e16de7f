/**
 * user_event_summary → Trino: people who ask Trino get what PostgreSQL has. Both cannot be asked at
 * the same moment while events come in, so PostgreSQL is asked before and after: counts only grow,
 * and what Trino says of each type must lie between the two. When nothing comes in that is equality.
 */

import { EVENT_TYPES, type TypeCounts } from "../../schema/event-types.ts";
import { type HopResult, sum } from "../ledger/hop.ts";
import type { Config } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";
import { queryRows, TrinoQueryError, TrinoUnreachable, trinoUrl } from "../lib/trino.ts";
import { aliveNames } from "../stack/supervise/start.ts";
import type { SummaryNumbers } from "./summary.ts";

const TOTALS = `
  select coalesce(sum(total_clicks), 0) as click, coalesce(sum(total_views), 0) as view,
    coalesce(sum(total_purchases), 0) as purchase
  from postgresql.streaming.user_event_summary`;

/** What Trino says, or why it does not; nothing when no Trino belongs to the platform. */
export type TrinoAnswer = { totals: TypeCounts } | { fault: string } | undefined;

export async function askTrino(config: Config): Promise<TrinoAnswer> {
  try {
    const [row] = await queryRows<Record<keyof TypeCounts, string>>(config, TOTALS);
    const totals = EVENT_TYPES.map((type) => [type, Number(row?.[type])]);
    return { totals: Object.fromEntries(totals) };
  } catch (error) {
    const isItsFault = [TrinoUnreachable, TrinoQueryError, ConfigError].some(
      (kind) => error instanceof kind,
    );
    if (!isItsFault) throw error;
    const belongs =
      error instanceof TrinoQueryError ||
      config.TRINO_URL !== undefined ||
      (await aliveNames(config)).includes("trino");
    return belongs ? { fault: (error as Error).message } : undefined;
  }
}

/** `before` and `after` are what PostgreSQL said before and after Trino did. */
export function verifyTrino(
  config: Config,
  before: SummaryNumbers | undefined,
  answer: TrinoAnswer,
  after: SummaryNumbers | undefined,
): HopResult {
  const hop = "user_event_summary → Trino";
  const missing = (equation: string) => ({
    ...{ hop, equation, holds: true, isMissing: true, numbers: {}, remarks: [] },
  });
  if (answer === undefined) return missing(`no Trino runs here; \`bun run up trino\` starts it`);
  if (before === undefined || after === undefined) return missing("there is no summary to ask for");
  if ("fault" in answer) {
    const equation = `Trino at ${trinoUrl(config)} does not say`;
    return { hop, equation, holds: false, numbers: {}, remarks: [answer.fault] };
  }
  const [least, most] = [before.summarized, after.summarized];
  const { totals } = answer;
  const numbers = {
    before: sum(EVENT_TYPES, (type) => least[type]),
    byTrino: sum(EVENT_TYPES, (type) => totals[type]),
    after: sum(EVENT_TYPES, (type) => most[type]),
  };
  const differing = EVENT_TYPES.filter(
    (type) => !(least[type] <= totals[type] && totals[type] <= most[type]),
  );
  const inPostgres =
    numbers.before === numbers.after ? numbers.after : `${numbers.before} to ${numbers.after}`;
  return {
    hop,
    equation: `${inPostgres} in user_event_summary = ${numbers.byTrino} by Trino`,
    holds: differing.length === 0,
    numbers,
    remarks: differing.map(
      (type) => `${type}: ${least[type]} to ${most[type]} in PostgreSQL, ${totals[type]} by Trino`,
    ),
  };
}
