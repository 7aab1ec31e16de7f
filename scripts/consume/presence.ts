/**
 * Reports in the database whether this consumer counts, and what it waits for. The public page says so:
 * without the reports, an outage of Kafka would look like a quiet hour.
 */
import { randomUUID } from "node:crypto";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { connect, type Sql } from "../lib/postgres.ts";
import { deadline, pause } from "../lib/wait.ts";

/** The summary takes a consumer for gone that is silent for a few of these. */
const REPORT_EVERY_MS = 3_000;
const TICK_MS = 500;
/** A database that does not answer must not keep the program from its end. */
const LAST_REPORT_MS_MAX = 1_000;

const log = getLogger(["consume"]);

interface Wait {
  /** Null while the consumer counts. */
  for: string | null;
  sinceMs: number;
}

/** Reports until the signal, and then that the consumer has stopped. */
export async function reportPresence(
  config: Config,
  waitingFor: () => string | undefined,
  signal: AbortSignal,
): Promise<void> {
  // A connection of its own, since a report must not wait for transactions.
  const sql = connect(config, "ingest", { applicationName: "consumer's reports" });
  const consumer = { id: randomUUID(), group: config.KAFKA_GROUP_ID, topic: config.KAFKA_TOPIC };
  forgetOld(sql).catch(notReported);
  let wait: Wait = { for: null, sinceMs: 0 };
  let reported = { for: null as string | null, atMs: Number.NEGATIVE_INFINITY };
  let isReporting = false;
  while (!signal.aborted) {
    const current = publicWords(waitingFor());
    if (current !== wait.for) wait = { for: current, sinceMs: performance.now() };
    const isDue = performance.now() - reported.atMs >= REPORT_EVERY_MS;
    // One at a time: a database that stands still must not find thousands of them.
    if (!isReporting && (isDue || reported.for !== wait.for)) {
      reported = { for: wait.for, atMs: performance.now() };
      isReporting = true;
      report(sql, consumer, wait)
        .catch(notReported)
        .finally(() => {
          isReporting = false;
        });
    }
    await pause(TICK_MS, signal).catch(() => {});
  }
  await deadline(reportStop(sql, consumer.id), LAST_REPORT_MS_MAX).catch(notReported);
  await sql.end({ timeout: 0 });
}

/**
 * What every reader may know: a number that changes is left out, and what a person has to decide is for
 * the operator. Exported for its test.
 */
export function publicWords(waitingFor: string | undefined): string | null {
  if (waitingFor === undefined) return null;
  if (/^(a person|Cannot)\b/.test(waitingFor)) return "a person";
  return waitingFor.replace(/, which .*$/, "");
}

const forgetOld = (sql: Sql) =>
  sql`delete from streaming.consumers where seen_at < now() - interval '1 day'`;

const report = (
  sql: Sql,
  { id, group, topic }: Record<"id" | "group" | "topic", string>,
  wait: Wait,
) => {
  const seconds = (performance.now() - wait.sinceMs) / 1_000;
  const since = wait.for === null ? null : sql`now() - make_interval(secs => ${seconds})`;
  return sql`
    insert into streaming.consumers (consumer_id, group_id, topic, waiting_for, waiting_since)
    values (${id}, ${group}, ${topic}, ${wait.for}, ${since})
    on conflict (consumer_id) do update set
      waiting_for = excluded.waiting_for, waiting_since = excluded.waiting_since, seen_at = now()`;
};

const reportStop = (sql: Sql, id: string) =>
  sql`update streaming.consumers set stopped_at = now() where consumer_id = ${id}`;

/** Readers learn from the database itself that it is away. */
const notReported = (error: Error) =>
  log.debug("Could not report the state of this consumer", { error: error.message });
