/** Finds, replays and purges rows of `dead_letters`; `dead-letters.ts` is its command line. */
import { eventSchema } from "../../schema/event.ts";
import { encodeAnyRecords } from "../kafka/encode-records.ts";
import { OutageError } from "../kafka/failure.ts";
import type { Kafka } from "../kafka/log.ts";
import { partitionOf } from "../kafka/partition.ts";
import { inScope } from "../ledger/ledger.ts";
import type { Config } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { retry } from "../lib/wait.ts";

/** How long Kafka may be away while letters are sent. */
const OUTAGE_MS_MAX = 60_000;

export interface Letter {
  topic: string;
  partition: number;
  offset: number;
  reason: string;
  payload: Uint8Array | null;
  payloadBytes: number;
  key: Uint8Array | null;
  receivedAt: Date;
  replayedAt: Date | null;
  purgedAt: Date | null;
}

/** Selects one letter by its place, or all that match. */
export interface Selection {
  place?: { partition: number; offset: number };
  reason?: string;
  before?: Date;
  /** Also letters that were replayed or purged. */
  settled?: boolean;
}

/** The letters of the selection, oldest first. */
export function findLetters(
  sql: Sql,
  config: Config,
  selection: Selection,
  limit: number,
): Promise<Letter[]> {
  return sql<Letter[]>`
    select topic, partition, "offset", reason, payload, payload_bytes as "payloadBytes", key,
      received_at as "receivedAt", replayed_at as "replayedAt", purged_at as "purgedAt"
    from streaming.dead_letters
    where ${matches(sql, config, selection)}
    order by received_at, partition, "offset"
    limit ${limit}`;
}

function matches(sql: Sql, config: Config, { place, reason, before, settled }: Selection) {
  return sql`
    topic = ${config.KAFKA_TOPIC}
    ${place ? sql`and partition = ${place.partition} and "offset" = ${place.offset}` : sql``}
    ${reason ? sql`and reason = ${reason}` : sql``}
    ${before ? sql`and received_at < ${before}` : sql``}
    ${settled ? sql`` : sql`and replayed_at is null and purged_at is null`}`;
}

/** Number of letters by reason, and how many of them wait for a decision. */
export function countLetters(
  sql: Sql,
  config: Config,
): Promise<{ reason: string; count: number; open: number }[]> {
  return sql`
    select reason, count(*) as count,
      count(*) filter (where replayed_at is null and purged_at is null) as open
    from streaming.dead_letters where topic = ${config.KAFKA_TOPIC}
    group by reason order by count desc, reason`;
}

/**
 * Sends letters to the topic again, as new records; returns how many. A letter whose payload was cut
 * cannot be sent. Sending one twice after a crash is harmless, since an event counts once.
 * @throws OutageError when Kafka is away for longer than a minute
 */
export async function replayLetters(
  sql: Sql,
  kafka: Kafka,
  letters: readonly Letter[],
  payload?: Uint8Array,
): Promise<number> {
  const whole = letters.filter(
    (letter) => payload || (letter.payload && letter.payload.length === letter.payloadBytes),
  );
  if (whole.length === 0) return 0;
  const { topic } = whole[0] as Letter;
  const appender = await patiently(() => kafka.openAppender(topic));
  try {
    for (const letter of whole) {
      const value = payload ?? letter.payload;
      const headers = { "replay-of": `${letter.partition}:${letter.offset}` };
      const key = userKey(value) ?? letter.key;
      const partition = key
        ? partitionOf(Buffer.from(key).toString("latin1"), appender.partitionCount)
        : letter.partition;
      const records = encodeAnyRecords([{ key, value, headers }]);
      await patiently(() => appender.append(partition, records));
      await sql`
        update streaming.dead_letters set replayed_at = now()
        where topic = ${letter.topic} and partition = ${letter.partition}
          and "offset" = ${letter.offset}`;
    }
  } finally {
    await appender.close();
  }
  return whole.length;
}

const patiently = <Result>(work: () => Promise<Result>): Promise<Result> =>
  retry(work, {
    isRetryable: (error) => error instanceof OutageError,
    totalMsMax: OUTAGE_MS_MAX,
    msMax: 1_000,
  });

/** The key that an event has to have, which a corrected value may have changed. */
function userKey(value: Uint8Array | null): string | undefined {
  try {
    const { data } = eventSchema.safeParse(JSON.parse(Buffer.from(value ?? []).toString()));
    return data && String(data.user_id);
  } catch {
    return undefined;
  }
}

/**
 * Notes that a person passes over the record batch at which counting stands; the consumer then makes
 * dead letters of it. Returns how many offsets they are, or undefined when counting does not stand
 * at this place.
 */
export async function skipBatch(
  sql: Sql,
  config: Config,
  { partition, offset }: NonNullable<Selection["place"]>,
): Promise<number | undefined> {
  const [skipped] = await sql<{ offsets: number }[]>`
    insert into streaming.skipped_batches (topic, partition, first_offset, last_offset, why)
    select topic, partition, (standstill ->> 'from')::bigint, (standstill ->> 'to')::bigint,
      standstill ->> 'why'
    from streaming.consumer_offsets
    where ${inScope(sql, config)} and partition = ${partition}
      and (standstill ->> 'from')::bigint = ${offset}
    on conflict (topic, partition, first_offset)
      do update set last_offset = excluded.last_offset, why = excluded.why
    returning last_offset - first_offset + 1 as offsets`;
  return skipped?.offsets;
}

/** Deletes payload, key and headers. The rows stay, because `verify` counts them. */
export async function purgeLetters(
  sql: Sql,
  config: Config,
  selection: Selection,
): Promise<number> {
  const purged = await sql`
    update streaming.dead_letters
    set payload = null, key = null, headers = null, purged_at = now()
    where ${matches(sql, config, { ...selection, settled: true })} and purged_at is null`;
  return purged.count;
}
