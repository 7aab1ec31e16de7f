/**
 * Writes a tally in one transaction, behind the fence. Exactly-once rests on this statement: the
 * place in the log and the counts up to it change together or not at all. It writes only for the
 * consumer that still knows the place. One round trip keeps batches of few events quick.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { DuplicateRule } from "../ledger/duplicate-rules.ts";
import type { Standstill } from "../ledger/standstill.ts";
import type { Sql } from "../lib/postgres.ts";
import { StoredDays } from "./stored-days.ts";
import type { MinuteCount, Tally } from "./tally.ts";
import type { DayColumns, UserColumns } from "./user-counts.ts";

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

/** What the parameters of one store are made of. */
interface Given {
  key: PartitionKey;
  tally: Tally;
  users: UserColumns;
  minutes: MinuteCount[];
  days: DayColumns;
  rules: readonly DuplicateRule[] | undefined;
}

/**
 * The statement's parameters in the order of their numbers. Arrays are sent in PostgreSQL's text
 * form, built by one join for each column.
 */
const PARAMETERS = {
  groupId: ({ key }) => key.groupId,
  topic: ({ key }) => key.topic,
  partition: ({ key }) => String(key.partition),
  expectedOffset: ({ tally }) => String(tally.expectedOffset),
  nextOffset: ({ tally }) => String(tally.nextOffset),
  stored: ({ tally }) => String(tally.stored),
  duplicates: ({ tally }) => String(tally.duplicates),
  retractions: ({ tally }) => String(tally.retractions),
  retracted: ({ tally }) => String(tally.retracted),
  removed: ({ tally }) => String(tally.removed),
  rejected: ({ tally }) => String(tally.rejected),
  absent: ({ tally }) => String(tally.absent),
  lost: ({ tally }) => String(tally.lost),
  lastEventMs: ({ tally }) => moment(tally.lastEventMs),
  lastAppendMs: ({ tally }) => moment(tally.lastAppendMs),
  userIds: ({ users }) => array(users.userIds),
  userTypes: ({ users }) => array(users.typeIndexes.map(sqlIndex)),
  userCounts: ({ users }) => array(users.counts),
  userFirstMs: ({ users }) => array(users.firstMs),
  typeNames: () => array(EVENT_TYPES),
  minutes: ({ minutes }) => array(minutes.map(({ minuteMs }) => minuteMs)),
  minuteTypes: ({ minutes }) => array(minutes.map(({ typeIndex }) => sqlIndex(typeIndex))),
  minuteCounts: ({ minutes }) => array(minutes.map(({ count }) => count)),
  letterOffsets: ({ tally }) => array(tally.deadLetters.map(({ offset }) => offset)),
  letterReasons: ({ tally }) => array(tally.deadLetters.map(({ reason }) => reason)),
  letterPayloads: ({ tally }) => array(tally.deadLetters.map(({ payload }) => bytea(payload))),
  letterPayloadBytes: ({ tally }) =>
    array(tally.deadLetters.map(({ payloadBytes }) => payloadBytes)),
  letterKeys: ({ tally }) => array(tally.deadLetters.map(({ key }) => bytea(key))),
  letterHeaders: ({ tally }) => array(tally.deadLetters.map(({ headers }) => bytea(headers))),
  dayUserIds: ({ days }) => array(days.userIds),
  days: ({ days }) => array(days.days),
  forwarded: ({ tally }) => String(tally.forwarded),
  lastRecordOffset: ({ tally }) => text(tally.mark?.offset),
  lastRecordChecksum: ({ tally }) => text(tally.mark?.checksum),
  rules: ({ rules }) => (rules ? JSON.stringify(rules) : null),
} satisfies Record<string, (given: Given) => string | null>;

/** The placeholder of each parameter by its name, such as `$1`. */
const value = Object.fromEntries(
  Object.keys(PARAMETERS).map((name, index) => [name, `$${index + 1}`]),
) as Record<keyof typeof PARAMETERS, string>;

/**
 * One statement is one transaction. `fence` locks the partition's row first. A second consumer
 * waits there, finds another offset and writes nothing, since everything else reads from `fence`.
 * Rows arrive sorted by key, so that two transactions lock shared rows in the same order. The id of
 * the transaction is a subquery, so it is evaluated once and not for each row.
 *
 * The commit does not wait for the disk. A crash of PostgreSQL may forget the transactions of its last
 * 0.6 s, but no part of one. The place in the log goes back with the counts, so the consumer finds
 * another place than it expects, and reads from there again.
 * https://www.postgresql.org/docs/18/wal-async-commit.html
 */
export const storeStatement = (schema: PartitionKey["schema"]) => `
with fence as (
  update ${schema}.consumer_offsets
  set
    next_offset = ${value.nextOffset}::text::bigint,
    stored = stored + ${value.stored}::text::bigint,
    duplicates = duplicates + ${value.duplicates}::text::bigint,
    retractions = retractions + ${value.retractions}::text::bigint,
    retracted = retracted + ${value.retracted}::text::bigint,
    removed = removed + ${value.removed}::text::bigint,
    rejected = rejected + ${value.rejected}::text::bigint,
    absent = absent + ${value.absent}::text::bigint,
    lost = lost + ${value.lost}::text::bigint,
    forwarded = forwarded + ${value.forwarded}::text::bigint,
    last_event_at = greatest(
      last_event_at, to_timestamp(${value.lastEventMs}::text::double precision / 1000)
    ),
    last_append_at = greatest(
      last_append_at, to_timestamp(${value.lastAppendMs}::text::double precision / 1000)
    ),
    last_record_offset = coalesce(
      ${value.lastRecordOffset}::text::bigint, last_record_offset
    ),
    last_record_checksum = coalesce(
      ${value.lastRecordChecksum}::text::bigint, last_record_checksum
    ),
    last_commit_at = clock_timestamp(),
    standstill = null
  where group_id = ${value.groupId} and topic = ${value.topic}
    and partition = ${value.partition}::text::integer
    and next_offset = ${value.expectedOffset}::text::bigint
    and duplicate_rules = coalesce(${value.rules}::text::jsonb, duplicate_rules)
  returning partition
), users as (
  insert into ${schema}.user_events as kept
    (user_id, event_type, event_count, created_at, updated_at, updated_xid)
  select k.user_id, (${value.typeNames}::text::text[])[k.type_index], k.event_count,
    to_timestamp(k.first_ms / 1000), now(), (select pg_current_xact_id()::text::bigint)
  from unnest(
    ${value.userIds}::text::bigint[],
    ${value.userTypes}::text::smallint[],
    ${value.userCounts}::text::bigint[],
    ${value.userFirstMs}::text::double precision[]
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
  from unnest(
    ${value.dayUserIds}::text::bigint[],
    ${value.days}::text::integer[]
  ) as k (user_id, day)
  where exists (select from fence)
  on conflict (user_id, day) do nothing
), minutes as (
  insert into ${schema}.events_per_minute as kept (minute, event_type, partition, event_count)
  select to_timestamp(k.minute_ms / 1000), (${value.typeNames}::text::text[])[k.type_index],
    fence.partition, k.event_count
  from fence, unnest(
    ${value.minutes}::text::double precision[],
    ${value.minuteTypes}::text::smallint[],
    ${value.minuteCounts}::text::bigint[]
  ) as k (minute_ms, type_index, event_count)
  on conflict (minute, event_type, partition) do update set
    event_count = kept.event_count + excluded.event_count
), letters as (
  insert into ${schema}.dead_letters
    (topic, partition, "offset", reason, payload, payload_bytes, key, headers)
  select ${value.topic}, fence.partition, k.*
  from fence, unnest(
    ${value.letterOffsets}::text::bigint[],
    ${value.letterReasons}::text::text[],
    ${value.letterPayloads}::text::bytea[],
    ${value.letterPayloadBytes}::text::bigint[],
    ${value.letterKeys}::text::bytea[],
    ${value.letterHeaders}::text::bytea[]
  ) as k ("offset", reason, payload, payload_bytes, key, headers)
  on conflict (topic, partition, "offset") do nothing
)
select count(*)::integer as fenced, set_config('synchronous_commit', 'off', true) from fence`;

export interface StoreOptions {
  /** Replaces the statement; only the test of the fence uses it. */
  statement?: string | undefined;
  storedDays?: StoredDays;
  /** The rules by which duplicates were found: with others in force, nothing is written. */
  rules?: readonly DuplicateRule[];
}

/**
 * Writes the tally. It is safe to repeat after any failure, even when it is unknown whether the
 * transaction was committed. Days that `storedDays` knows are not sent again.
 * @throws FencedError when the stored offset is neither the tally's begin nor its end
 */
export async function storeTally(
  sql: Sql,
  key: PartitionKey,
  tally: Tally,
  {
    statement = storeStatement(key.schema),
    storedDays = new StoredDays(),
    rules,
  }: StoreOptions = {},
): Promise<void> {
  const days = storedDays.missingOf(tally.users.days());
  const given = { key, tally, users: tally.users.columns(), minutes: tally.minutes(), days, rules };
  const parameters = Object.values(PARAMETERS).map((of) => of(given));
  const [row] = await sql.unsafe(statement, parameters, { prepare: true });
  if (row?.fenced === 1) return storedDays.add(days);
  const stored = await readNextOffset(sql, key);
  if (stored === tally.nextOffset) return storedDays.add(days);
  throw new FencedError(
    `Cannot store offsets ${tally.expectedOffset} to ${tally.nextOffset} of ${key.topic}/${key.partition}: the stored offset is ${stored}`,
  );
}

/**
 * Notes where counting stands, for everyone who asks whether the numbers are complete. What is stored
 * next takes the note away.
 * @throws FencedError when another consumer counts the partition
 */
export async function storeStandstill(
  sql: Sql,
  { schema, groupId, topic, partition }: PartitionKey,
  nextOffset: number,
  standstill: Standstill,
): Promise<void> {
  const { count } = await sql`
    update ${sql(schema)}.consumer_offsets set standstill = ${sql.json({ ...standstill })}
    where group_id = ${groupId} and topic = ${topic} and partition = ${partition}
      and next_offset = ${nextOffset}`;
  if (count === 1) return;
  throw new FencedError(
    `Cannot note that ${topic}/${partition} stands: its offset is no longer ${nextOffset}`,
  );
}

async function readNextOffset(sql: Sql, key: PartitionKey): Promise<number | undefined> {
  const [row] = await sql`
    select next_offset from ${sql(key.schema)}.consumer_offsets
    where group_id = ${key.groupId} and topic = ${key.topic} and partition = ${key.partition}`;
  return row?.next_offset;
}

/** PostgreSQL's arrays start at 1. */
const sqlIndex = (index: number) => index + 1;
const text = (number: number | undefined) => (number === undefined ? null : String(number));
/** Null as long as there was none. */
const moment = (ms: number) => (Number.isFinite(ms) ? String(ms) : null);
const array = (values: readonly (number | string)[]) => `{${values.join(",")}}`;
const bytea = (bytes: Uint8Array | null) =>
  bytes === null ? "null" : `"\\\\x${Buffer.from(bytes).toString("hex")}"`;
