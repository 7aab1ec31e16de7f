#!/usr/bin/env bun
import { setTimeout as delay } from "node:timers/promises";
import { defineCommand } from "citty";
import { createKafka, type Kafka } from "./kafka/kafkajs.ts";
import { fetchLogState } from "./kafka/log-state.ts";
import type { HopResult } from "./ledger/hop.ts";
import { readTables, verifyDeadLetters, verifyMinutes, verifyUserEvents } from "./ledger/tables.ts";
import { type Config, readConfig } from "./lib/config.ts";
/** `bun run verify`: proves hop by hop that every event has been counted once, or names the hop. */
import { UsageError } from "./lib/errors.ts";
import { startLogging } from "./lib/log.ts";
import { connect, type Sql } from "./lib/postgres.ts";
import { runProgram } from "./lib/program.ts";
import { verifyLog, waitingRecords } from "./verify/log.ts";
import { verifyPublished } from "./verify/published.ts";
import { recount } from "./verify/recount.ts";
import { readSummary, verifySummary } from "./verify/summary.ts";
import { askTrino, verifyTrino } from "./verify/trino.ts";

const args = {
  json: { type: "boolean", description: "Print one JSON object instead of lines" },
  recount: { type: "boolean", description: "Read the log again and count it independently" },
  wait: {
    type: "string",
    valueHint: "SECONDS",
    default: "0",
    description: "Wait so long for the consumer to reach the end of the log",
  },
} as const;

const command = defineCommand({
  meta: {
    name: "verify",
    description: `Proves that every event counts once, hop by hop: what was read from Kafka = stored +
duplicates + rejected = user_events = events_per_minute = user_event_summary = what Trino says of it
= what the summary origin and the public page say. One line a hop; names the first that differs, also
when a test of dbt has failed. Events that still wait in the log are no difference, and a Trino or a
page that was never started is none.
Exit status: 0 all hops hold, 1 one differs, 2 wrong setting.`,
  },
  args,
  async run({ args: given }) {
    const waitMs = Number(given.wait) * 1_000;
    if (!(waitMs >= 0)) throw new UsageError(`Cannot wait ${given.wait} seconds: not a number`);
    const config = readConfig();
    startLogging(config);
    const kafka = createKafka(config, { clientId: "verify" });
    const sql = connect(config, "read", { applicationName: "verify" });
    try {
      const results = await verify(kafka, sql, config, waitMs, given.recount === true);
      print(results, given.json === true);
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
    const log = await fetchLogState(kafka, config.KAFKA_TOPIC);
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
    console.log(
      JSON.stringify({ holds: !first, firstDifference: first?.hop ?? null, hops: results }),
    );
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

await runProgram(command);
