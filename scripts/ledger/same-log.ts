/**
 * Whether Kafka still holds the log that was counted. Its topic may have been created again, or its
 * data be an older copy. No log proves the counts then, and only a person can decide.
 */
import type { LogState } from "../kafka/log.ts";
import type { Config } from "../lib/config.ts";
import { NeedsPersonError } from "../lib/errors.ts";
import { isPostgresHere } from "../lib/local-data.ts";
import type { Queryable } from "../lib/postgres.ts";

type Settings = Pick<Config, "POSTGRES_HOST">;

/** What to do when the counts are of a log that is gone: begin again with the log that there is. */
export const beginAgain = (config: Settings) =>
  isPostgresHere(config)
    ? "delete the counts with `bun run down postgres --wipe`; `bun run up` then counts the log from its beginning"
    : "set POSTGRES_DB to a new database; the log is then counted from its beginning";

/** The topic has another id than the one that was counted. */
const otherTopic = (config: Settings, where: string, found: string, counted: string) =>
  new NeedsPersonError(
    `Cannot go on with ${where}: the topic has been deleted and created again (its id is ${found}, counted was ${counted}); ${beginAgain(config)}`,
  );

/** The topic is not in Kafka, although it was counted. */
export const topicGone = (config: Settings, topic: string, counted: string) =>
  new NeedsPersonError(
    `Cannot go on with ${topic}: the topic has been deleted (counted was ${counted}), and a new one would not prove the counts; ${beginAgain(config)}`,
  );

/** The log ends before what was counted. */
const logEndsBefore = (config: Settings, where: string, counted: number, logEnd: number) =>
  new NeedsPersonError(
    `Cannot go on with ${where}: ${counted} offsets have been counted but the log ends at ${logEnd}; the broker has lost records that were acknowledged; ${beginAgain(config)}`,
  );

/** The log holds another record at an offset that was counted. */
export const otherRecord = (config: Settings, where: string, offset: number) =>
  new NeedsPersonError(
    `Cannot go on with ${where}: the log holds another record at offset ${offset} than was counted, so it is an older copy that has grown again; ${beginAgain(config)}`,
  );

/** A place in a log: what has to be there still. */
export interface Place {
  topicId: string;
  nextOffset: number;
}

/**
 * @throws NeedsPersonError when the log is of another topic, or ends before the place
 */
export function assertReaches(
  config: Settings,
  where: string,
  { topicId, nextOffset }: Place,
  log: LogState,
): void {
  if (log.topicId !== topicId) throw otherTopic(config, where, log.topicId, topicId);
  if (log.logEnd < nextOffset) throw logEndsBefore(config, where, nextOffset, log.logEnd);
}

/** The id of the topic that these tables have counted under the name; undefined when none was. */
export async function countedTopicId(sql: Queryable, topic: string): Promise<string | undefined> {
  const [row] = await sql`
    select topic_id from streaming.consumer_offsets where topic = ${topic} limit 1`;
  return row?.topic_id;
}
