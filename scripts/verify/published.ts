/**
 * user_events → summary origin → page: readers of the public page get what PostgreSQL has. What they
 * get may be some seconds old, so each is asked until its numbers are newer than the first look at
 * PostgreSQL. PostgreSQL is asked again afterwards. Counts only grow, so what is published of a type
 * must lie between the two; when nothing comes in that is equality.
 */
import { EVENT_TYPES, type TypeCounts, totalOf } from "../../schema/event-types.ts";
import { type Summary, summarySchema } from "../../schema/summary.ts";
import { typeColumns } from "../ledger/type-counts.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { pause } from "../lib/wait.ts";
import { workerUrl } from "../lib/web-address.ts";
import { askSummary } from "../summary/ask.ts";
import type { HopResult } from "./hop.ts";
import { noAnswer, OPTIONAL_HOPS } from "./optional-hops.ts";

/** Several times as long as the origin lets pass between two readings of its numbers. */
const RENEWAL_MS_MAX = 20_000;
/** One that does not answer at all is asked for no longer than this. */
const OUTAGE_MS_MAX = 3_000;
const ANSWER_MS_MAX = 5_000;
const PAUSE_MS = 250;

type Publisher = "summary" | "worker";

const REQUESTS = {
  summary: askSummary,
  worker: (config: Config, request: RequestInit) =>
    fetch(`${workerUrl(config)}/api/summary`, request),
};

interface Counts extends TypeCounts {
  readAtMs: number;
}

/** Compares what the summary origin or the page publishes with the tables. */
export async function verifyPublished(
  publisher: Publisher,
  sql: Sql,
  config: Config,
): Promise<HopResult> {
  const before = await readCounts(sql);
  const answer = await askUntilNewer(publisher, config, before.readAtMs);
  const after = await readCounts(sql);
  return compare(publisher, before, answer, after);
}

async function readCounts(sql: Sql): Promise<Counts> {
  const [row] = await sql<Counts[]>`
    select
      ${typeColumns(sql)},
      (extract(epoch from statement_timestamp()) * 1000)::float8 as "readAtMs"
    from streaming.user_events`;
  return row!;
}

/** What it says, or why that cannot be compared. */
type Answer = { summary: Summary } | { fault: string };

async function askUntilNewer(
  publisher: Publisher,
  config: Config,
  sinceMs: number,
): Promise<Answer> {
  const startMs = performance.now();
  for (;;) {
    const answer = await ask(publisher, config);
    if ("summary" in answer && Date.parse(answer.summary.as_of) >= Math.floor(sinceMs))
      return answer;
    const waitedMs = performance.now() - startMs;
    if ("fault" in answer) {
      if (waitedMs > OUTAGE_MS_MAX) return answer;
    } else if (waitedMs > RENEWAL_MS_MAX) {
      return { fault: `its numbers stay those of ${answer.summary.as_of}` };
    }
    await pause(PAUSE_MS);
  }
}

async function ask(publisher: Publisher, config: Config): Promise<Answer> {
  try {
    const response = await REQUESTS[publisher](config, {
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    if (!response.ok) return { fault: `it answers ${response.status} ${text.slice(0, 200)}` };
    const parsed = summarySchema.safeParse(JSON.parse(text));
    if (parsed.success) return { summary: parsed.data };
    const { path, message } = parsed.error.issues[0]!;
    return { fault: `its answer is no summary: ${path.join(".")} ${message}` };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function compare(publisher: Publisher, before: Counts, answer: Answer, after: Counts): HopResult {
  const { hop, title } = OPTIONAL_HOPS[publisher];
  if ("fault" in answer) return noAnswer(publisher, `${title} does not say`, answer.fault);
  const told = answer.summary.events_by_type;
  const numbers = {
    before: totalOf(before),
    published: answer.summary.events,
    after: totalOf(after),
  };
  const differing = EVENT_TYPES.filter(
    (type) => !(before[type] <= told[type] && told[type] <= after[type]),
  );
  const inTables =
    numbers.before === numbers.after ? numbers.after : `${numbers.before} to ${numbers.after}`;
  return {
    hop,
    equation: `${inTables} in user_events = ${numbers.published} by ${title}`,
    holds: differing.length === 0 && answer.summary.ledger.state === "exact",
    numbers,
    remarks: [
      ...differing.map(
        (type) =>
          `${type}: ${before[type]} to ${after[type]} in user_events, ${told[type]} by ${title}`,
      ),
      ...(answer.summary.ledger.state === "exact"
        ? []
        : ["it says itself that its ledger differs"]),
    ],
  };
}
