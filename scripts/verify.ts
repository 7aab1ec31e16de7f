/** `bun run verify`: proves hop by hop that every event is counted once, or names the hop. */
import { setTimeout as delay } from "node:timers/promises";
import type { Kafka } from "./kafka/log.ts";
import { openKafka } from "./kafka/open.ts";
import type { HopResult } from "./ledger/hop.ts";
import { readTables, verifyDeadLetters, verifyMinutes, verifyUserEvents } from "./ledger/tables.ts";
import { defineCommand, printJson, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { DURATION_MS, flag, json, toggle } from "./lib/flags.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql } from "./lib/postgres.ts";
import { verifyLog, waitingRecords } from "./verify/log.ts";
import { verifyPublished } from "./verify/published.ts";
import { recount } from "./verify/recount.ts";
import { readSummary, verifySummary } from "./verify/summary.ts";
import { askTrino, verifyTrino } from "./verify/trino.ts";

const command = defineCommand({
  name: "verify",
  description: `What was read from Kafka = stored + duplicates + rejected = user_events = events_per_minute =
user_event_summary = what Trino says = what the summary and the public page say. Prints a line for
each hop, and names the first that differs, also when a test of dbt has failed. Events that still
wait in the log are no difference, nor is a Trino or a page that was never started.`,
  flags: {
    recount: toggle("Read the log again and count it independently"),
    wait: flag(DURATION_MS, "Wait this long for the consumer to reach the end of the log", "0"),
    json,
  },
  examples: [
    ["bun run verify", "all hops, as they are now"],
    ["bun run verify --wait 60s --recount", "after a load, with an independent count"],
    ["bun run verify --json | jq .firstDifference", "for a program"],
  ],
  exits: { 0: "all hops hold", 1: "a hop differs, or cannot be read" },
  async run({ flags: { recount: recounts, wait: waitMs, json: asJson } }) {
    const config = readConfig();
    startLogging(config);
    const kafka = openKafka(config, { clientId: "verify" });
    const sql = connect(config, "read", { applicationName: "verify" });
    try {
      const results = await verify(kafka, sql, config, waitMs, recounts);
      print(results, asJson);
      if (results.some(({ holds }) => !holds)) process.exitCode = 1;
    } finally {
      await sql.end({ timeout: 1 });
    }
  },
});

async function verify(
  kafka: Kafka,
  sql: Sql,
  config: Config,
  waitMs: number,
  recounts: boolean,
): Promise<HopResult[]> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const tables = await readTables(sql, config);
    // Asked after the tables, so that the log's end is never behind what they have counted.
    const log = await kafka.logState(config.KAFKA_TOPIC);
    if (waitingRecords(log, tables.ledgers) > 0 && performance.now() < deadlineMs) {
      await delay(200);
      continue;
    }
    const summary = await readSummary(sql);
    const byTrino = await askTrino(config);
    return [
      verifyLog(log, tables.ledgers),
      verifyUserEvents(tables),
      verifyMinutes(tables),
      verifyDeadLetters(tables),
      verifySummary(summary),
      verifyTrino(config, summary, byTrino, byTrino && (await readSummary(sql))),
      ...(await verifyPublished(sql, config)),
      ...(recounts ? [await recount(kafka, config.KAFKA_TOPIC, log, tables.ledgers)] : []),
    ];
  }
}

function print(results: HopResult[], asJson: boolean): void {
  const first = results.find(({ holds }) => !holds);
  if (asJson) {
    printJson({ holds: !first, firstDifference: first?.hop ?? null, hops: results });
    return;
  }
  const width = Math.max(...results.map(({ hop }) => hop.length));
  for (const { hop, equation, holds, isMissing, remarks } of results) {
    const remark = remarks.length > 0 ? ` (${remarks.join("; ")})` : "";
    const state = isMissing ? "missing" : holds ? "holds  " : "DIFFERS";
    console.log(`${state}  ${hop.padEnd(width)}  ${equation}${remark}`);
  }
  console.log(first ? `\nThe first hop that differs: ${first.hop}` : "\nEvery event counts once");
}

await runCommand(command);
