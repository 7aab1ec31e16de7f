/** `bun run verify`: proves hop by hop that every event is counted once, or names the hop. */
import { isCompacted } from "./kafka/compaction.ts";
import type { Kafka, LogState } from "./kafka/log.ts";
import { openKafka } from "./kafka/open.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { DURATION_MS, flag, json, toggle } from "./lib/flags.ts";
import { DATA_KINDS, roomWarnings } from "./lib/local-data.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql } from "./lib/postgres.ts";
import { table } from "./lib/table.ts";
import { pause } from "./lib/wait.ts";
import { whileAnswering } from "./verify/answering.ts";
import type { HopResult } from "./verify/hop.ts";
import { withLastRecords } from "./verify/last-records.ts";
import { verifyLog, waitingRecords } from "./verify/log.ts";
import { HOPS, type HopName, notAsked, reasonNotAsked } from "./verify/optional-hops.ts";
import { verifyPublished } from "./verify/published.ts";
import { recount } from "./verify/recount.ts";
import { readSummary, verifySummary } from "./verify/summary.ts";
import { readTables, verifyDeadLetters, verifyMinutes, verifyUserEvents } from "./verify/tables.ts";
import { askTrino, verifyTrino } from "./verify/trino.ts";

const command = defineCommand({
  name: "verify",
  description: `What was read from Kafka = stored + duplicates + rejected = user_events = events_per_minute =
user_event_summary = what Trino says = what the summary and the public page say. Prints a line for
each hop, and names the first that differs, also when a test of dbt has failed. Events that still
wait in the log are no difference; events that it has lost are.

Not every platform has a Trino, a summary and a page. With --expect, exactly the named hops are asked,
and one that does not answer differs. A hop whose address is set (TRINO_URL, SUMMARY_URL, WORKER_URL)
is always asked, and has to answer too. Without --expect, a hop is also asked when something listens at
its address on this machine. Otherwise its line and the last line say "not asked".`,
  flags: {
    recount: toggle("Read the log again and count it independently"),
    wait: flag(DURATION_MS, "Wait this long for the consumer to reach the end of the log", "0"),
    expect: flag(HOPS, "Ask these hops, which have to answer: dbt, trino, summary, worker"),
    json,
  },
  examples: [
    ["bun run verify", "all hops, as they are now"],
    ["bun run verify --expect all", "each hop has to answer"],
    ["bun run verify --wait 60s --recount", "after a load, with an independent count"],
    ["bun run verify --json | jq .firstDifference", "for a program"],
  ],
  exits: {
    0: "all hops that were asked hold",
    1: "a hop differs, or one that has to answer does not, or Kafka or PostgreSQL is away",
  },
  async run({ flags: { recount: recounts, wait: waitMs, expect: expected, json: asJson } }) {
    const config = readConfig();
    startLogging(config);
    const kafka = openKafka(config, { clientId: "verify" });
    const sql = connect(config, "read", { applicationName: "verify" });
    try {
      const results = await whileAnswering(
        config,
        verify(kafka, sql, config, { waitMs, expected, recounts }),
      );
      print(results, roomWarnings(config, DATA_KINDS), asJson);
      if (results.some(({ holds }) => !holds)) process.exitCode = 1;
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
});

interface Options {
  waitMs: number;
  expected: ReadonlySet<HopName> | undefined;
  recounts: boolean;
}

async function verify(
  kafka: Kafka,
  sql: Sql,
  config: Config,
  { waitMs, expected, recounts }: Options,
): Promise<HopResult[]> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    // Asked before the tables, so that what it has deleted and they have not counted is lost.
    const before = await kafka.logState(config.KAFKA_TOPIC);
    const tables = await readTables(sql, config);
    // Asked after the tables, so that the log's end is never behind what they have counted.
    const log = withStartsOf(before, await kafka.logState(config.KAFKA_TOPIC));
    if (waitingRecords(log, tables.ledgers) > 0 && performance.now() < deadlineMs) {
      await pause(200);
      continue;
    }
    const summary = await readSummary(sql);
    const ifAsked = async (name: HopName, ask: () => HopResult | Promise<HopResult>) => {
      const reason = await reasonNotAsked(name, config, expected);
      return reason === undefined ? ask() : notAsked(name, reason);
    };
    const topic = config.KAFKA_TOPIC;
    const logHop = verifyLog(log, tables.ledgers, await isCompacted(kafka, topic));
    return [
      await withLastRecords(logHop, kafka, topic, log, tables.ledgers),
      verifyUserEvents(tables, log),
      verifyMinutes(tables),
      verifyDeadLetters(tables),
      await ifAsked("dbt", () => verifySummary(summary, expected?.has("dbt") === true)),
      await ifAsked("trino", async () =>
        verifyTrino(config, summary, await askTrino(config), await readSummary(sql)),
      ),
      await ifAsked("summary", () => verifyPublished("summary", sql, config)),
      await ifAsked("worker", () => verifyPublished("worker", sql, config)),
      ...(recounts ? [await recount(kafka, sql, config.KAFKA_TOPIC, log, tables.ledgers)] : []),
    ];
  }
}

/** The later state of the log, with where it began before. */
function withStartsOf(before: ReadonlyMap<number, LogState>, after: Map<number, LogState>) {
  return new Map(
    [...after].map(([partition, state]) => [
      partition,
      { ...state, logStart: before.get(partition)?.logStart ?? state.logStart },
    ]),
  );
}

/** Whether all hops that were asked hold, in one line. */
function verdictOf(results: readonly HopResult[]): string {
  const first = results.find(({ holds }) => !holds);
  if (first) return `The first hop that differs: ${first.hop}`;
  const open = results.filter(({ isNotAsked }) => isNotAsked).map(({ hop }) => hop);
  if (open.length === 0) return "Every event counts once";
  return `Every event counts once in all hops that were asked; not asked: ${open.join(", ")}`;
}

function print(results: HopResult[], warnings: string[], asJson: boolean): void {
  const first = results.find(({ holds }) => !holds);
  if (asJson) {
    printJson({
      holds: !first,
      firstDifference: first?.hop ?? null,
      notAsked: results.filter(({ isNotAsked }) => isNotAsked).map(({ hop }) => hop),
      hops: results,
      warnings,
    });
    return;
  }
  const lines = results.map(({ hop, equation, holds, isNotAsked, remarks }) => {
    const remark = remarks.length > 0 ? ` (${remarks.join("; ")})` : "";
    return [isNotAsked ? "-" : holds ? "holds" : "DIFFERS", hop, equation + remark];
  });
  console.log(table(lines));
  console.log(["", ...warnings.map((each) => `Warning: ${each}`), verdictOf(results)].join("\n"));
}

await runCommand(command);
