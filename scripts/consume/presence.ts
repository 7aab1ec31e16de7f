/**
 * Reports in the database whether this consumer counts, and what it waits for. The public page says so:
 * without the reports, an outage of Kafka would look like a quiet hour.
 */
import { randomUUID } from "node:crypto";
import type { LedgerScope } from "../ledger/ledger.ts";
import { getLogger } from "../lib/log.ts";
import type { Sql } from "../lib/postgres.ts";
import { deadline, pause } from "../lib/wait.ts";

/** The summary takes a consumer for gone that is silent for a few of these. */
const REPORT_EVERY_MS = 3_000;
const TICK_MS = 500;
const LAST_REPORT_MS_MAX = 1_000;

const log = getLogger(["consume"]);

export interface PresenceOptions {
  /** A connection of its own: a report must not wait for transactions. */
  sql: Sql;
  scope: LedgerScope;
  /** What the consumer waits for; undefined while it counts. */
  waitingFor(): string | undefined;
  signal: AbortSignal;
}

/** Reports until the signal, and then that the consumer has stopped. */
export async function reportPresence(options: PresenceOptions): Promise<void> {
  const { sql, signal } = options;
  const id = randomUUID();
  await sql`delete from streaming.consumers where seen_at < now() - interval '1 day'`.catch(unread);
  let waiting = { for: null as string | null, sinceMs: 0 };
  let reportedMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const current = publicWords(options.waitingFor());
    const hasChanged = current !== waiting.for;
    if (hasChanged) waiting = { for: current, sinceMs: performance.now() };
    if (hasChanged || performance.now() - reportedMs >= REPORT_EVERY_MS) {
      reportedMs = performance.now();
      await report(options, id, waiting).catch(unread);
    }
    await pause(TICK_MS, signal).catch(() => {});
  }
  const stopped = sql`
    update streaming.consumers set stopped_at = now() where consumer_id = ${id}`;
  await deadline(stopped, LAST_REPORT_MS_MAX).catch(unread);
}

/** What a person has to decide is for the operator, and not for every reader of the page. */
const publicWords = (waitingFor: string | undefined): string | null =>
  waitingFor === undefined
    ? null
    : /^(a person|Cannot)\b/.test(waitingFor)
      ? "a person"
      : waitingFor;

async function report(
  { sql, scope }: PresenceOptions,
  id: string,
  waiting: { for: string | null; sinceMs: number },
): Promise<void> {
  const seconds = (performance.now() - waiting.sinceMs) / 1_000;
  const since = waiting.for === null ? null : sql`now() - make_interval(secs => ${seconds})`;
  await sql`
    insert into streaming.consumers
      (consumer_id, group_id, topic, waiting_for, waiting_since)
    values (${id}, ${scope.KAFKA_GROUP_ID}, ${scope.KAFKA_TOPIC}, ${waiting.for}, ${since})
    on conflict (consumer_id) do update set
      waiting_for = excluded.waiting_for, waiting_since = excluded.waiting_since, seen_at = now()`;
}

/** The database is away: then readers learn that from the database itself. */
const unread = (error: Error) => log.debug("Could not report", { error: error.message });
