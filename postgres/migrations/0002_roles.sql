-- Who may do what. The roles belong to the whole server, so they may be there already; `migrate`
-- gives them their passwords.

do $$
declare
    role_name text;
begin
    foreach role_name in array array['streaming_ingest', 'streaming_transform', 'streaming_read'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I login', role_name);
            exception when duplicate_object then
                null;
            end;
        end if;
    end loop;
end
$$;

revoke all on schema public from public;

-- The consumer, replay and dead-letters.
grant usage on schema streaming, streaming_replay to streaming_ingest;
grant select, insert, update, delete on all tables in schema streaming to streaming_ingest;
grant select, insert, update, delete, truncate on all tables in schema streaming_replay to streaming_ingest;

-- dbt reads the streaming tables and owns what it makes.
grant usage, create on schema streaming to streaming_transform;
grant select on all tables in schema streaming to streaming_transform;

-- Trino, the summary and verify read only.
grant usage on schema streaming to streaming_read;
grant select on
    streaming.user_events, streaming.events_per_minute, streaming.consumer_offsets
to streaming_read;
grant select (topic, partition, "offset", reason, payload_bytes, received_at, replayed_at, purged_at)
on streaming.dead_letters to streaming_read;
