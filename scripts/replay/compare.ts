/**
 * Compares the shadow tables with the real ones, and makes the real ones equal by changing only the
 * rows that differ, in one transaction. Readers see the state before or after, never a gap. Views,
 * grants and watermarks stay as they are; renaming tables would lose them.
 */
import type { Transaction } from "../lib/postgres.ts";

/** Rows of each table that differ: missing, surplus or with other values. */
export interface Differences {
  user_events: number;
  user_active_days: number;
  events_per_minute: number;
  consumer_offsets: number;
  dead_letters: number;
}

export async function compareTables(sql: Transaction): Promise<Differences> {
  const [users] = await sql`
    select count(*) from streaming.user_events as kept
    full join streaming_replay.user_events as rebuilt using (user_id, event_type)
    where (kept.event_count, kept.created_at) is distinct from
      (rebuilt.event_count, rebuilt.created_at)`;
  const [days] = await sql`
    select count(*) from streaming.user_active_days as kept
    full join streaming_replay.user_active_days as rebuilt using (user_id, day)
    where kept.day is null or rebuilt.day is null`;
  const [minutes] = await sql`
    select count(*) from streaming.events_per_minute as kept
    full join streaming_replay.events_per_minute as rebuilt using (minute, event_type, partition)
    where kept.event_count is distinct from rebuilt.event_count`;
  const [offsets] = await sql`
    select count(*) from streaming.consumer_offsets as kept
    join streaming_replay.consumer_offsets as rebuilt using (group_id, topic, partition)
    where ${ledgersDiffer(sql)}`;
  const [letters] = await sql`
    select count(*) from (
      select * from streaming.dead_letters
      where topic in (select topic from streaming_replay.consumer_offsets)
    ) as kept
    full join streaming_replay.dead_letters as rebuilt using (topic, partition, "offset")
    where kept.reason is distinct from rebuilt.reason`;
  return {
    user_events: users?.count,
    user_active_days: days?.count,
    events_per_minute: minutes?.count,
    consumer_offsets: offsets?.count,
    dead_letters: letters?.count,
  };
}

/** Without the number of forwarded records: earlier releases did not forward what came again. */
const ledgersDiffer = (sql: Transaction) => sql`
  (kept.stored, kept.duplicates, kept.rejected, kept.absent, kept.lost,
    kept.retractions, kept.retracted, kept.removed)
  is distinct from
  (rebuilt.stored, rebuilt.duplicates, rebuilt.rejected, rebuilt.absent, rebuilt.lost,
    rebuilt.retractions, rebuilt.retracted, rebuilt.removed)`;

/** What a replay does about events that are taken back. */
export interface Removals {
  /** Events that are still in the real tables, and not in the shadow tables. */
  removedEvents: number;
  /** Events that are still in both, since they were taken back while the replay was running. */
  toRemove: number;
}

export async function removalsOf(sql: Transaction): Promise<Removals> {
  const [row] = await sql<Removals[]>`
    select coalesce(sum(rebuilt.removed - kept.removed), 0)::bigint as "removedEvents",
      coalesce(sum(rebuilt.retracted - rebuilt.removed), 0)::bigint as "toRemove"
    from streaming.consumer_offsets as kept
    join streaming_replay.consumer_offsets as rebuilt using (group_id, topic, partition)`;
  return row as Removals;
}

/** Events that the ledger counts in a partition and that the log does not give any more. */
export async function eventsToDelete(sql: Transaction): Promise<number> {
  const [row] = await sql`
    select coalesce(sum(greatest(kept.stored - rebuilt.stored, 0)), 0)::bigint as events
    from streaming.consumer_offsets as kept
    join streaming_replay.consumer_offsets as rebuilt using (group_id, topic, partition)`;
  return row?.events;
}

/** Makes the real tables equal to the shadow tables. Call it while the offsets are locked. */
export async function takeOver(sql: Transaction): Promise<void> {
  await noteCorrectedUsers(sql);
  await sql`
    delete from streaming.user_events as kept where not exists (
      select from streaming_replay.user_events as rebuilt
      where (rebuilt.user_id, rebuilt.event_type) = (kept.user_id, kept.event_type)
    )`;
  await sql`
    insert into streaming.user_events as kept
      (user_id, event_type, event_count, created_at, updated_at, updated_xid)
    select user_id, event_type, event_count, created_at, now(),
      (select pg_current_xact_id()::text::bigint)
    from streaming_replay.user_events
    on conflict (user_id, event_type) do update set
      event_count = excluded.event_count,
      created_at = excluded.created_at,
      updated_at = excluded.updated_at,
      updated_xid = excluded.updated_xid
    where (kept.event_count, kept.created_at) is distinct from
      (excluded.event_count, excluded.created_at)`;
  await sql`
    delete from streaming.user_active_days as kept where not exists (
      select from streaming_replay.user_active_days as rebuilt
      where (rebuilt.user_id, rebuilt.day) = (kept.user_id, kept.day)
    )`;
  await sql`
    insert into streaming.user_active_days (user_id, day)
    select user_id, day from streaming_replay.user_active_days
    on conflict (user_id, day) do nothing`;
  await sql`
    delete from streaming.events_per_minute as kept where not exists (
      select from streaming_replay.events_per_minute as rebuilt
      where (rebuilt.minute, rebuilt.event_type, rebuilt.partition) =
        (kept.minute, kept.event_type, kept.partition)
    )`;
  await sql`
    insert into streaming.events_per_minute as kept (minute, event_type, partition, event_count)
    select minute, event_type, partition, event_count from streaming_replay.events_per_minute
    on conflict (minute, event_type, partition) do update set event_count = excluded.event_count
    where kept.event_count <> excluded.event_count`;
  await takeOverDeadLetters(sql);
  await sql`
    update streaming.consumer_offsets as kept set
      stored = rebuilt.stored, duplicates = rebuilt.duplicates,
      rejected = rebuilt.rejected, absent = rebuilt.absent, lost = rebuilt.lost,
      retractions = rebuilt.retractions, retracted = rebuilt.retracted,
      removed = rebuilt.removed, forwarded = rebuilt.forwarded
    from streaming_replay.consumer_offsets as rebuilt
    where (kept.group_id, kept.topic, kept.partition) =
        (rebuilt.group_id, rebuilt.topic, rebuilt.partition)
      and ${ledgersDiffer(sql)}`;
}

/**
 * Readers of changes since a transaction learn of changes from new events alone. So the users whose
 * counts fall, or whose days change, are noted here. A trigger notes the users of deleted rows.
 */
async function noteCorrectedUsers(sql: Transaction): Promise<void> {
  await sql`
    insert into streaming.corrected_users (user_id)
    select user_id from streaming.user_events as kept
    join streaming_replay.user_events as rebuilt using (user_id, event_type)
    where rebuilt.event_count < kept.event_count
    union
    select user_id from streaming.user_active_days as kept
    full join streaming_replay.user_active_days as rebuilt using (user_id, day)
    where kept.day is null or rebuilt.day is null`;
}

/** A letter that stays keeps the times at which a person replayed or purged it. */
async function takeOverDeadLetters(sql: Transaction): Promise<void> {
  await sql`
    delete from streaming.dead_letters as kept
    where topic in (select topic from streaming_replay.consumer_offsets)
      and not exists (
        select from streaming_replay.dead_letters as rebuilt
        where (rebuilt.topic, rebuilt.partition, rebuilt."offset") =
          (kept.topic, kept.partition, kept."offset")
      )`;
  await sql`
    insert into streaming.dead_letters as kept
      (topic, partition, "offset", reason, payload, payload_bytes, key, headers)
    select topic, partition, "offset", reason, payload, payload_bytes, key, headers
    from streaming_replay.dead_letters
    on conflict (topic, partition, "offset") do update set reason = excluded.reason
    where kept.reason <> excluded.reason`;
}
