/**
 * user_events → summary origin → page: readers of the public page get what PostgreSQL has. What they
 * get may be some seconds old, so both are asked until their numbers are from after the moment at
 * which PostgreSQL was asked first; it is asked once more at the end, and since counts only grow,
 * what each of them says of a type must lie between the two. When nothing comes in that is equality.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { TypeCounts } from "../../schema/event-types.ts";
import { EVENT_TYPES } from "../../schema/event-types.ts";
import { type Summary, summarySchema } from "../../schema/summary.ts";
import { type HopResult, sum } from "../ledger/hop.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { aliveNames } from "../stack/supervise/start.ts";

/** Several times as long as the origin lets pass between two readings of its numbers. */
const RENEWAL_MS_MAX = 20_000;
/** One that does not answer at all is asked for no longer than this. */
const OUTAGE_MS_MAX = 3_000;
const ANSWER_MS_MAX = 5_000;
const PAUSE_MS = 250;

/** The two that publish, in the order of the data. */
const PUBLISHERS = [
  {
    service: "summary",
    hop: "user_events → summary",
    name: "the summary origin",
    url: (config: Config) =>
      `${config.SUMMARY_URL ?? `http://127.0.0.1:${config.SUMMARY_PORT}`}/summary`,
    headers: (config: Config) => ({ authorization: `Bearer ${config.SUMMARY_SECRET ?? ""}` }),
    isElsewhere: (config: Config) => config.SUMMARY_URL !== undefined,
  },
  {
    service: "worker",
    hop: "summary → page",
    name: "the page",
    url: (config: Config) =>
      `${config.WORKER_URL ?? `http://127.0.0.1:${config.WORKER_PORT}`}/api/summary`,
    headers: () => ({}),
    isElsewhere: (config: Config) => config.WORKER_URL !== undefined,
  },
] as const;
type Publisher = (typeof PUBLISHERS)[number];

interface Counts extends TypeCounts {
  readAtMs: number;
}

/** One result for the origin and one for the page. */
export async function verifyPublished(sql: Sql, config: Config): Promise<HopResult[]> {
  const alive = await aliveNames(config);
  const results: HopResult[] = [];
  for (const publisher of PUBLISHERS) {
    if (!publisher.isElsewhere(config) && !alive.includes(publisher.service)) {
      results.push(missing(publisher));
      continue;
    }
    const before = await readCounts(sql);
    const answer = await askUntilNewer(publisher, config, before.readAtMs);
    const after = await readCounts(sql);
    results.push(compare(publisher, before, answer, after));
  }
  return results;
}

async function readCounts(sql: Sql): Promise<Counts> {
  const [row] = await sql<Counts[]>`
    select
      coalesce(sum(event_count) filter (where event_type = 'view'), 0)::bigint as view,
      coalesce(sum(event_count) filter (where event_type = 'click'), 0)::bigint as click,
      coalesce(sum(event_count) filter (where event_type = 'purchase'), 0)::bigint as purchase,
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
    await delay(PAUSE_MS);
  }
}

async function ask(publisher: Publisher, config: Config): Promise<Answer> {
  try {
    const response = await fetch(publisher.url(config), {
      headers: publisher.headers(config),
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

function missing({ hop, service }: Publisher): HopResult {
  const equation = `no ${service} runs here; \`bun run up ${service}\` starts it`;
  return { hop, equation, holds: true, isMissing: true, numbers: {}, remarks: [] };
}

function compare(
  { hop, name }: Publisher,
  before: Counts,
  answer: Answer,
  after: Counts,
): HopResult {
  if ("fault" in answer) {
    const equation = `${name} does not say`;
    return { hop, equation, holds: false, numbers: {}, remarks: [answer.fault] };
  }
  const told = answer.summary.events_by_type;
  const numbers = {
    before: sum(EVENT_TYPES, (type) => before[type]),
    published: answer.summary.events,
    after: sum(EVENT_TYPES, (type) => after[type]),
  };
  const differing = EVENT_TYPES.filter(
    (type) => !(before[type] <= told[type] && told[type] <= after[type]),
  );
  const inTables =
    numbers.before === numbers.after ? numbers.after : `${numbers.before} to ${numbers.after}`;
  return {
    hop,
    equation: `${inTables} in user_events = ${numbers.published} by ${name}`,
    holds: differing.length === 0 && answer.summary.ledger.state === "exact",
    numbers,
    remarks: [
      ...differing.map(
        (type) =>
          `${type}: ${before[type]} to ${after[type]} in user_events, ${told[type]} by ${name}`,
      ),
      ...(answer.summary.ledger.state === "exact"
        ? []
        : ["it says itself that its ledger differs"]),
    ],
  };
}
