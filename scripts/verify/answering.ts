/**
 * Ends `verify` when Kafka or PostgreSQL does not answer, with a message that names it. The sums of
 * large tables may take minutes, so the work itself has no limit. Both services are asked beside it.
 */
import { OutageError, outage } from "../kafka/failure.ts";
import { pingKafka } from "../kafka/probe.ts";
import type { Config } from "../lib/config.ts";
import { hasNoRoom, NO_ROOM } from "../lib/local-data.ts";
import { answersPostgres, explainPostgres, isPostgresRefusal } from "../lib/postgres.ts";
import { isOutage } from "../lib/postgres-failure.ts";
import { deadline, pause } from "../lib/wait.ts";

/** Without an answer for this long, the work is given up. */
const SILENCE_MS_MAX = 10_000;
const ASK_EVERY_MS = 2_000;

/**
 * Gives what `work` gives, as long as both services answer.
 * @throws Error naming the one that does not
 */
export async function whileAnswering<Result>(
  config: Config,
  work: Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const kafkaError = (error: unknown) => named(config, "kafka", outage(config, error).message);
  const postgresError = (error: unknown) =>
    named(config, "postgres", explainPostgres(config, "read", error));
  const explained = work.catch((error) => {
    if (error instanceof OutageError) throw kafkaError(error);
    throw isOutage(error) || isPostgresRefusal(error) ? postgresError(error) : error;
  });
  try {
    return await Promise.race([
      explained,
      untilSilent(() => pingKafka(config), end.signal, kafkaError),
      untilSilent(() => answersPostgres(config, "read"), end.signal, postgresError),
    ]);
  } finally {
    end.abort();
  }
}

/**
 * Never resolves.
 * @throws Error when there was no answer for too long
 */
async function untilSilent(
  ask: () => Promise<void>,
  signal: AbortSignal,
  explain: (error: unknown) => Error,
): Promise<never> {
  let answeredMs = performance.now();
  while (!signal.aborted) {
    try {
      await deadline(ask(), SILENCE_MS_MAX);
      answeredMs = performance.now();
    } catch (error) {
      if (performance.now() - answeredMs >= SILENCE_MS_MAX) throw explain(error);
    }
    await pause(ASK_EVERY_MS, signal).catch(() => {});
  }
  return new Promise<never>(() => {});
}

const named = (config: Config, kind: "kafka" | "postgres", reason: string) =>
  new Error(hasNoRoom(config, kind) ? `${reason}; there is ${NO_ROOM}` : reason);
