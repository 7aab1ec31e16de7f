-- What dbt has to know beyond the counts: which users changed since it last looked, and on which
-- days a user was active; and where it keeps what is its own.

alter table streaming.user_events
add column updated_xid bigint not null default (pg_current_xact_id()::text::bigint);
comment on column streaming.user_events.updated_xid is 'The transaction that last wrote the row: what a snapshot could not see yet has at least the snapshot''s xmin here, however late it commits';

-- A BRIN index leaves updates of the column heap-only (from PostgreSQL 16 on), and holds the latest
-- transaction of each page: just what finding the changed pages takes.
create index user_events_updated_xid on streaming.user_events
using brin (updated_xid) with (pages_per_range = 1, autosummarize = on);

create table streaming.user_active_days (
    user_id bigint not null check (user_id > 0),
    day date not null,
    primary key (user_id, day)
);
comment on table streaming.user_active_days is 'Days in UTC on which a user did anything. One row per user and day.';

-- Until now no days were kept. Those of the first events are known; `replay` brings the others.
insert into streaming.user_active_days (user_id, day)
select distinct user_id, (created_at at time zone 'UTC')::date from streaming.user_events;

create table streaming.corrected_users (
    user_id bigint not null,
    corrected_xid bigint not null default (pg_current_xact_id()::text::bigint)
);
create index corrected_users_corrected_xid on streaming.corrected_users (corrected_xid);
comment on table streaming.corrected_users is 'Users whose rows were lowered or deleted, as only a person or `replay` does. One row per user and correction, until it is settled.';

create function streaming.note_deleted_users() returns trigger
language plpgsql set search_path = '' as $$
begin
    insert into streaming.corrected_users (user_id) select distinct user_id from deleted;
    return null;
end
$$;
create trigger note_deleted_users after delete on streaming.user_events
referencing old table as deleted for each statement
execute function streaming.note_deleted_users();

create function streaming.note_truncated_users() returns trigger
language plpgsql set search_path = '' as $$
begin
    insert into streaming.corrected_users (user_id)
    select distinct user_id from streaming.user_events;
    return null;
end
$$;
create trigger note_truncated_users before truncate on streaming.user_events
for each statement execute function streaming.note_truncated_users();

alter table streaming_replay.user_events
add column updated_xid bigint not null default (pg_current_xact_id()::text::bigint);
create table streaming_replay.user_active_days (like streaming.user_active_days including all);

grant select, insert, delete on streaming.user_active_days, streaming.corrected_users
to streaming_ingest;
grant select, insert, delete, truncate on streaming_replay.user_active_days to streaming_ingest;
grant select on streaming.user_active_days, streaming.corrected_users
to streaming_transform, streaming_read;
grant delete on streaming.corrected_users to streaming_transform;

-- What only dbt uses; the marts themselves are in schema streaming.
create schema transform;
grant usage, create on schema transform to streaming_transform;
grant usage on schema transform to streaming_read;

create table transform.settlement (
    only_row boolean primary key default true check (only_row),
    run_id uuid,
    settled_xid bigint not null default 0,
    settled_at timestamptz
);
insert into transform.settlement default values;
comment on table transform.settlement is 'Up to where the settled tables hold what the transactions did. One row.';
comment on column transform.settlement.run_id is 'The run of dbt that began last: only this one may settle, as a fence against an older one that goes on';
comment on column transform.settlement.settled_xid is 'Every transaction before this one is settled; what a later one wrote is still to be read live';
comment on column transform.settlement.settled_at is 'When the snapshot was taken that is settled';

create table transform.runs (
    run_id uuid primary key,
    command text not null,
    project_hash text,
    status text not null default 'running' check (status in ('running', 'passed', 'failed')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    nodes jsonb not null default '[]',
    error text
);
create index runs_started_at on transform.runs (started_at desc);
comment on table transform.runs is 'Runs of dbt with the state and the seconds of each node. One row per run.';

-- A summary that was interrupted, by a shutdown or by a lock that a person took, leaves a placeholder
-- in a BRIN index that vacuum never mends, and from it on a scan takes every page for changed
-- (PostgreSQL 18: bringetbitmap does not reset bt_placeholder). So the summary is made anew by night.
create function transform.summarize_changes() returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    for page in 0 .. pg_relation_size('streaming.user_events')
        / current_setting('block_size')::bigint
    loop
        perform brin_desummarize_range('streaming.user_events_updated_xid', page);
    end loop;
    perform brin_summarize_new_values('streaming.user_events_updated_xid');
end
$$;
comment on function transform.summarize_changes is 'Makes the summary of which pages changed anew; until it is done, reading what changed reads the whole table';
revoke all on function transform.summarize_changes() from public;
grant execute on function transform.summarize_changes() to streaming_transform;

-- A server that a dump was restored to counts its transactions from the beginning. What a snapshot
-- sees was written before its xmax, so that a row which says otherwise was written elsewhere.
create function transform.restamp_restored() returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    next_xid bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    restamped bigint;
begin
    update streaming.user_events set updated_xid = pg_current_xact_id()::text::bigint
    where updated_xid between next_xid and 9223372036854775807;
    get diagnostics restamped = row_count;
    update streaming.corrected_users set corrected_xid = pg_current_xact_id()::text::bigint
    where corrected_xid between next_xid and 9223372036854775807;
    return restamped;
end
$$;
comment on function transform.restamp_restored is 'Gives rows whose transaction is one of another server this one''s; returns how many';
revoke all on function transform.restamp_restored() from public;
grant execute on function transform.restamp_restored() to streaming_transform;

grant select, insert, update, delete on transform.runs to streaming_transform;
grant select, update on transform.settlement to streaming_transform;
grant select on transform.settlement, transform.runs to streaming_read;
