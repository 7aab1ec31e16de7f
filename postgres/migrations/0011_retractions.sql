-- A record may take an event back. The consumer lowers no count, since a first moment and a day of a
-- user cannot be lowered. It notes how many events are taken back, and `replay` removes them from the
-- tables: stored - removed = what the tables hold.
alter table streaming.consumer_offsets
    add column retractions bigint not null default 0 check (retractions >= 0),
    add column retracted bigint not null default 0 check (retracted between 0 and retractions),
    add column removed bigint not null default 0 check (removed between 0 and stored),
    drop constraint consumer_offsets_ledger,
    add constraint consumer_offsets_ledger check (
        next_offset - first_offset
            = stored + duplicates + rejected + absent + lost + retractions
    );
comment on column streaming.consumer_offsets.retractions is 'Records that take an event back';
comment on column streaming.consumer_offsets.retracted is 'How many of the retractions took an event back: its id stood in the partition';
comment on column streaming.consumer_offsets.removed is 'How many of the stored events replay has left out of the tables, since they are taken back. All of them together are as many as all retracted, unless some wait for the next replay';
comment on column streaming.consumer_offsets.duplicate_rules is 'By which rule records are decided, and from which offset on. The same event_id counts once within windowRecords records, or within horizonMs milliseconds of the log. The number of partitions decides which one is the home of a user. An event counts from 1970 to aheadMsMax milliseconds ahead of the log. With retracts, a record may take an event back. A rule holds up to the next one';

alter table streaming_replay.consumer_offsets
    add column retractions bigint not null default 0,
    add column retracted bigint not null default 0,
    add column removed bigint not null default 0,
    drop constraint consumer_offsets_ledger,
    add constraint consumer_offsets_ledger check (
        next_offset - first_offset
            = stored + duplicates + rejected + absent + lost + retractions
    );
