-- The tables that the consumer fills, and who may touch them. One transaction of the consumer
-- writes all four, so that they agree at every moment.

create schema streaming;

create table streaming.user_events (
    user_id bigint not null check (user_id > 0),
    event_type varchar(50) not null,
    event_count bigint not null check (event_count > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (user_id, event_type)
) with (fillfactor = 70);
comment on table streaming.user_events is 'Events counted for each user and type. One row per user and event type.';
comment on column streaming.user_events.created_at is 'When the first event of the row happened';
comment on column streaming.user_events.updated_at is 'When the row last changed';

create table streaming.events_per_minute (
    minute timestamptz not null,
    event_type varchar(50) not null,
    partition integer not null check (partition >= 0),
    event_count bigint not null check (event_count > 0),
    primary key (minute, event_type, partition)
) with (fillfactor = 70);
comment on table streaming.events_per_minute is 'Events counted by the minute in which they happened. One row per minute, event type and partition: the partition keeps the transactions of different partitions off each other''s rows.';

create table streaming.consumer_offsets (
    group_id text not null,
    topic text not null,
    partition integer not null check (partition >= 0),
    topic_id uuid not null,
    first_offset bigint not null check (first_offset >= 0),
    next_offset bigint not null check (next_offset >= first_offset),
    stored bigint not null default 0 check (stored >= 0),
    duplicates bigint not null default 0 check (duplicates >= 0),
    rejected bigint not null default 0 check (rejected >= 0),
    absent bigint not null default 0 check (absent >= 0),
    lost bigint not null default 0 check (lost >= 0),
    duplicate_window_records integer not null check (duplicate_window_records > 0),
    last_event_at timestamptz,
    last_append_at timestamptz,
    last_commit_at timestamptz,
    primary key (group_id, topic, partition),
    constraint consumer_offsets_one_group unique (topic, partition),
    constraint consumer_offsets_ledger check (
        next_offset - first_offset = stored + duplicates + rejected + absent + lost
    )
) with (fillfactor = 50);
comment on table streaming.consumer_offsets is 'How far each partition has been counted, and what became of every offset up to there. One row per consumer group, topic and partition.';
comment on column streaming.consumer_offsets.topic_id is 'Kafka''s id of the topic: a topic that was deleted and created again has another one';
comment on column streaming.consumer_offsets.first_offset is 'The offset at which counting began';
comment on column streaming.consumer_offsets.next_offset is 'The offset that is read next; also the fence that keeps a second consumer from counting the same records';
comment on column streaming.consumer_offsets.absent is 'Offsets that never held an event: transaction markers, aborted or compacted records';
comment on column streaming.consumer_offsets.lost is 'Offsets whose records the log had deleted before they were read';
comment on column streaming.consumer_offsets.duplicate_window_records is 'Within how many offsets the same event_id counts once; fixed when counting begins';
comment on constraint consumer_offsets_one_group on streaming.consumer_offsets is 'Two groups would count the same records twice';

create table streaming.dead_letters (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    reason text not null check (
        reason in (
            'empty', 'too_large', 'bad_encoding', 'bad_json', 'not_an_object',
            'bad_event_id', 'bad_user_id', 'bad_event_type', 'bad_created_at'
        )
    ),
    payload bytea,
    payload_bytes bigint not null,
    key bytea,
    headers bytea,
    received_at timestamptz not null default now(),
    replayed_at timestamptz,
    purged_at timestamptz,
    primary key (topic, partition, "offset")
);
comment on table streaming.dead_letters is 'Records that are no events, with the reason. One row per record.';
comment on column streaming.dead_letters.payload is 'The value as received; of one longer than 64 KiB only its beginning';
comment on column streaming.dead_letters.purged_at is 'When payload, key and headers were forgotten; the row stays, so that the ledger can be proved';
comment on column streaming.dead_letters.headers is 'The record''s headers as they stand in the log';

-- Where `replay` rebuilds the same tables from the log before it compares them.
create schema streaming_replay;
create table streaming_replay.user_events (like streaming.user_events including all);
create table streaming_replay.events_per_minute (like streaming.events_per_minute including all);
create table streaming_replay.consumer_offsets (like streaming.consumer_offsets including all);
create table streaming_replay.dead_letters (like streaming.dead_letters including all);
