-- A record batch that cannot be read stops its partition until a person decides. The row of the
-- partition says where and why, and what was decided is kept here, so that a replay decides the same.
alter table streaming.consumer_offsets add column standstill jsonb
    check (jsonb_typeof(standstill) = 'object');
comment on column streaming.consumer_offsets.standstill is 'Where counting stands, since the record batch there cannot be read: its first and last offset as from and to, and why. Null while it goes on';
alter table streaming_replay.consumer_offsets add column standstill jsonb;

create table streaming.skipped_batches (
    topic text not null,
    partition integer not null,
    first_offset bigint not null,
    last_offset bigint not null check (last_offset >= first_offset),
    why text not null,
    skipped_at timestamptz not null default now(),
    primary key (topic, partition, first_offset)
);
comment on table streaming.skipped_batches is 'Record batches that cannot be read and that a person has passed over; their offsets are dead letters. One row per decision.';
grant select, insert, update on streaming.skipped_batches to streaming_ingest;
grant select on streaming.skipped_batches to streaming_read;

alter table streaming.dead_letters drop constraint dead_letters_reason_check;
alter table streaming.dead_letters add constraint dead_letters_reason_check check (
    reason in (
        'unreadable', 'empty', 'too_large', 'bad_encoding', 'bad_json', 'not_an_object',
        'bad_event_id', 'bad_user_id', 'bad_event_type', 'bad_created_at'
    )
);
alter table streaming_replay.dead_letters drop constraint dead_letters_reason_check;
alter table streaming_replay.dead_letters add constraint dead_letters_reason_check check (
    reason in (
        'unreadable', 'empty', 'too_large', 'bad_encoding', 'bad_json', 'not_an_object',
        'bad_event_id', 'bad_user_id', 'bad_event_type', 'bad_created_at'
    )
);
