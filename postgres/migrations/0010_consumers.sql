-- Whether anyone counts. Without it, readers of the tables could not tell an outage from a quiet hour.
create table streaming.consumers (
    consumer_id uuid primary key,
    group_id text not null,
    topic text not null,
    waiting_for text,
    waiting_since timestamptz,
    seen_at timestamptz not null default now(),
    stopped_at timestamptz,
    check ((waiting_for is null) = (waiting_since is null))
);
comment on table streaming.consumers is 'Consumers, which report every few seconds whether they count. One row per process.';
comment on column streaming.consumers.waiting_for is 'What it waits for, such as Kafka; null while it counts';
comment on column streaming.consumers.seen_at is 'Its last report; one that was killed reports no more';

grant select, insert, update, delete on streaming.consumers to streaming_ingest;
grant select on streaming.consumers to streaming_read;
