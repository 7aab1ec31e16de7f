/**
 * Writes a tally in one transaction, behind the fence. Exactly-once rests on this statement: the
 * place in the log and the counts up to it change together or not at all. It writes only for the
 * consumer that still knows the place. One round trip keeps batches of few events quick.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { Sql } from "../lib/postgres.ts";
import { StoredDays } from "./stored-days.ts";
import type { Tally } from "./tally.ts";
import type { DayColumns } from "./user-counts.ts";

/** The group and topic whose offsets move, and the schema. */
export interface PartitionKey {
  schema: "streaming" | "streaming_replay";
  groupId: string;
  topic: string;
  partition: number;
}

/**
 * The stored place is no longer the one from which this consumer has counted: another consumer has
 * taken the partition over. The pending tally must be dropped.
 */
export class FencedError extends Error {
  override name = "FencedError";
}

/**
 * One statement is one transaction. `fence` locks the partition's row first. A second consumer
 * waits there, finds another offset and writes nothing, since everything else reads from `fence`.
 * Rows arrive sorted by key, so that two transactions lock shared rows in the same order. The id of
 * the transaction is a subquery, so it is evaluated once and not for each row.
 */
export const storeStatement = (schema: PartitionKey["schema"]) => `
with fence as (
  update ${schema}.consumer_offsets
  set
    next_offset = $5::text::bigint,
    stored = stored + $6::text::bigint,
    duplicates = duplicates + $7::text::bigint,
    rejected = rejected + $8::text::bigint,
    absent = absent + $9::text::bigint,
    lost = lost + $10::text::bigint,
    last_event_at = greatest(last_event_at, to_timestamp($11::text::double precision / 1000)),
    last_append_at = greatest(last_append_at, to_timestamp($12::text::double precision / 1000)),
    last_commit_at = clock_timestamp()
  where group_id = $1 and topic = $2 and partition = $3::text::integer
    and next_offset = $4::text::bigint
  returning partition
), users as (
  insert into ${schema}.user_events as kept
    (user_id, event_type, event_count, created_at, updated_at, updated_xid)
  select k.user_id, ($17::text::text[])[k.type_index], k.event_count,
    to_timestamp(k.first_ms / 1000), now(), (select pg_current_xact_id()::text::bigint)
  from unnest(
    $13::text::bigint[], $14::text::smallint[], $15::text::bigint[], $16::text::double precision[]
  ) as k (user_id, type_index, event_count, first_ms)
  where exists (select from fence)
  on conflict (user_id, event_type) do update set
    event_count = kept.event_count + excluded.event_count,
    created_at = least(kept.created_at, excluded.created_at),
    updated_at = excluded.updated_at,
    updated_xid = excluded.updated_xid
), days as (
  insert into ${schema}.user_active_days (user_id, day)
  select k.user_id, date '1970-01-01' + k.day
  from unnest($27::text::bigint[], $28::text::integer[]) as k (user_id, day)
  where exists (select from fence)
  on conflict (user_id, day) do nothing
), minutes as (
  insert into ${schema}.events_per_minute as kept (minute, event_type, partition, event_count)
  select to_timestamp(k.minute_ms / 1000), ($17::text::text[])[k.type_index], fence.partition,
    k.event_count
  from fence, unnest(
    $18::text::double precision[], $19::text::smallint[], $20::text::bigint[]
  ) as k (minute_ms, type_index, event_count)
  on conflict (minute, event_type, partition) do update set
    event_count = kept.event_count + excluded.event_count
), letters as (
  insert into ${schema}.dead_letters
    (topic, partition, "offset", reason, payload, payload_bytes, key, headers)
  select $2, fence.partition, k.*
  from fence, unnest(
    $21::text::bigint[], $22::text::text[], $23::text::bytea[], $24::text::bigint[],
    $25::text::bytea[], $26::text::bytea[]
  ) as k ("offset", reason, payload, payload_bytes, key, headers)
  on conflict (topic, partition, "offset") do nothing
)
select count(*)::integer as fenced from fence`;

/**
 * Writes the tally. It is safe to repeat after any failure, even when it is unknown whether the
 * transaction was committed. Days that `storedDays` knows are not sent again.
 * @throws FencedError when the stored offset is neither the tally's begin nor its end
 */
export async function storeTally(
  sql: Sql,
  key: PartitionKey,
  tally: Tally,
  { statement = storeStatement(key.schema), storedDays = new StoredDays() } = {},
): Promise<void> {
  const days = storedDays.missingOf(tally.users.days());
  const [row] = await sql.unsafe(statement, parameters(key, tally, days), { prepare: true });
  if (row?.fenced === 1) return storedDays.add(days);
  const stored = await readNextOffset(sql, key);
  if (stored === tally.nextOffset) return storedDays.add(days);
  throw new FencedError(
    `Cannot store offsets ${tally.expectedOffset} to ${tally.nextOffset} of ${key.topic}/${key.partition}: the stored offset is ${stored}`,
  );
}

async function readNextOffset(sql: Sql, key: PartitionKey): Promise<number | undefined> {
  const [row] = await sql`
    select next_offset from ${sql(key.schema)}.consumer_offsets
    where group_id = ${key.groupId} and topic = ${key.topic} and partition = ${key.partition}`;
  return row?.next_offset;
}

/** Arrays are sent in PostgreSQL's text form, built by one join for each column. */
function parameters(key: PartitionKey, tally: Tally, days: DayColumns): (string | null)[] {
  const users = tally.users.columns();
  const minutes = tally.minutes();
  const letters = tally.deadLetters;
  return [
    key.groupId,
    key.topic,
    String(key.partition),
    String(tally.expectedOffset),
    String(tally.nextOffset),
    String(tally.stored),
    String(tally.duplicates),
    String(tally.rejected),
    String(tally.absent),
    String(tally.lost),
    Number.isFinite(tally.lastEventMs) ? String(tally.lastEventMs) : null,
    Number.isFinite(tally.lastAppendMs) ? String(tally.lastAppendMs) : null,
    array(users.userIds),
    array(users.typeIndexes.map(sqlIndex)),
    array(users.counts),
    array(users.firstMs),
    array(EVENT_TYPES),
    array(minutes.map(({ minuteMs }) => minuteMs)),
    array(minutes.map(({ typeIndex }) => sqlIndex(typeIndex))),
    array(minutes.map(({ count }) => count)),
    array(letters.map(({ offset }) => offset)),
    array(letters.map(({ reason }) => reason)),
    array(letters.map(({ payload }) => bytea(payload))),
    array(letters.map(({ payloadBytes }) => payloadBytes)),
    array(letters.map((letter) => bytea(letter.key))),
    array(letters.map(({ headers }) => bytea(headers))),
    array(days.userIds),
    array(days.days),
  ];
}

/** PostgreSQL's arrays start at 1. */
const sqlIndex = (index: number) => index + 1;
const array = (values: readonly (number | string)[]) => `{${values.join(",")}}`;
const bytea = (bytes: Uint8Array | null) =>
  bytes === null ? "null" : `"\\\\x${Buffer.from(bytes).toString("hex")}"`;
