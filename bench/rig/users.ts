/**
 * Tables as the consumer would have filled them, made quickly by SQL, and users who change
 * afterwards. Everything that dbt's tests compare agrees.
 */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";
import { until } from "../../scripts/lib/wait.ts";
import { PARTITIONS } from "./dataset.ts";
import { emptyTables } from "./tables.ts";

const EVENTS_PER_ROW = 10;
const MINUTES = 1_440;
/** Coprime to every number of users, so that its multiples hit each user once. */
const STRIDE = 611_953;
/** Users of one transaction: those of a consumer after a second at 1,000 events/s. */
const TRANSACTION_USERS = 1_000;
const VACUUM_MS_MAX = 300_000;

const TYPES = `{${EVENT_TYPES.join(",")}}`;

/**
 * Creates users 1 to `users` with all types, active today and on a first day within the last week.
 * Also creates the minutes of a day and the ledger. Returns when autovacuum has finished with them.
 */
export async function seedUsers(owner: Sql, users: number): Promise<void> {
  await emptyTables(owner);
  const seededAt = new Date();
  const stored = users * EVENT_TYPES.length * EVENTS_PER_ROW;
  const slots = MINUTES * PARTITIONS;
  await owner.begin(async (sql) => {
    await sql`
      insert into streaming.user_events
        (user_id, event_type, event_count, created_at, updated_at)
      select user_id, event_type, ${EVENTS_PER_ROW}, now() - user_id % 7 * interval '1 day', now()
      from generate_series(1, ${users}::bigint) as user_id, unnest(${TYPES}::text[]) as event_type`;
    await sql`
      insert into streaming.user_active_days (user_id, day)
      select user_id, current_date - day from generate_series(1, ${users}::bigint) as user_id,
        lateral (select distinct day from unnest(array[0, user_id % 7]::int[]) as day)`;
    await sql`
      insert into streaming.events_per_minute (minute, event_type, partition, event_count)
      select date_trunc('minute', now()) - slot / ${PARTITIONS} * interval '1 minute', event_type,
        slot % ${PARTITIONS}, share
      from generate_series(0, ${slots - 1}) as slot, unnest(${TYPES}::text[]) as event_type,
        lateral (
          select (${users * EVENTS_PER_ROW + slots - 1}::bigint - slot) / ${slots} as share
        )
      where share > 0`;
    await sql`
      insert into streaming.consumer_offsets
        (group_id, topic, partition, topic_id, first_offset, next_offset, stored,
          duplicate_rules, last_event_at, last_append_at, last_commit_at)
      values ('bench', 'bench', 0, gen_random_uuid(), 0, ${stored}, ${stored},
        '[{"from": 0, "horizonMs": 1}]', now(), now(),
        now())`;
  });
  await untilTidied(owner, seededAt, ["user_events", "user_active_days"]);
  // As the nightly refresh does: pages that autovacuum has not summarized yet would slow some
  // reads.
  await owner`select transform.summarize_changes()`;
}

/**
 * Adds one event for each of `count` users, spread over all, in transactions like the consumer's.
 */
export async function touchUsers(owner: Sql, users: number, count: number): Promise<void> {
  for (let from = 0; from < count; from += TRANSACTION_USERS) {
    const to = Math.min(from + TRANSACTION_USERS, count);
    await owner`
      with touched as (
        update streaming.user_events as kept set
          event_count = kept.event_count + 1,
          updated_at = now(),
          updated_xid = (select pg_current_xact_id()::text::bigint)
        from (
          select 1 + place * ${STRIDE} % ${users} as user_id,
            (${TYPES}::text[])[1 + place % ${EVENT_TYPES.length}] as event_type
          from generate_series(${from}::bigint, ${to - 1}::bigint) as place
        ) as wanted
        where kept.user_id = wanted.user_id and kept.event_type = wanted.event_type
        returning kept.user_id
      ), active as (
        insert into streaming.user_active_days (user_id, day)
        select user_id, (now() at time zone 'UTC')::date from touched
        on conflict do nothing
      ), counted as (select count(*) as events from touched)
      update streaming.consumer_offsets set
        stored = stored + counted.events,
        next_offset = next_offset + counted.events,
        last_event_at = now(), last_append_at = now(), last_commit_at = now()
      from counted`;
  }
}

/** The nth of the changed users. */
export const touchedUser = (users: number, place: number) => 1 + ((place * STRIDE) % users);

/** Waits until autovacuum has analyzed these tables and has nothing to do. */
export async function untilTidied(owner: Sql, since: Date, tables: string[]): Promise<void> {
  await until(
    "autovacuum is through",
    VACUUM_MS_MAX,
    async () => {
      const analyzed = await owner`
        select relname from pg_stat_user_tables
        where relname = any(${tables}) and schemaname <> 'streaming_replay'
          and last_autoanalyze >= ${since}`;
      if (analyzed.length < tables.length) throw new Error("some tables are not analyzed yet");
      await assertNoVacuum(owner);
    },
    { intervalMs: 500 },
  );
}

/** The changes may be enough to trigger autovacuum, which looks every 15 s. */
export async function untilQuiet(owner: Sql): Promise<void> {
  await until("autovacuum is through", VACUUM_MS_MAX, () => assertNoVacuum(owner), {
    intervalMs: 500,
  });
}

async function assertNoVacuum(owner: Sql): Promise<void> {
  const [row] = await owner`
    select count(*) from pg_stat_activity where backend_type = 'autovacuum worker'`;
  if (row?.count > 0) throw new Error("it still works");
}
