-- Duplicates are found within a time of the log, no longer within a number of records. What was
-- decided before keeps its rule, so that a replay decides it in the same way.
alter table streaming.consumer_offsets add column duplicate_rules jsonb
    check (jsonb_typeof(duplicate_rules) = 'array' and jsonb_array_length(duplicate_rules) > 0);
update streaming.consumer_offsets set duplicate_rules = jsonb_build_array(
    jsonb_build_object('from', first_offset, 'windowRecords', duplicate_window_records)
);
alter table streaming.consumer_offsets alter column duplicate_rules set not null;
alter table streaming.consumer_offsets drop column duplicate_window_records;
comment on column streaming.consumer_offsets.duplicate_rules is 'By which rule the same event_id counts once, and from which offset on. It does within windowRecords records, or within horizonMs milliseconds of the log. partitions decides which one is the home of a user. inherits names the partitions that held this one''s users before there were as many. A rule holds up to the next one';
alter table streaming.consumer_offsets add column forwarded bigint not null default 0
    check (forwarded between 0 and duplicates);
comment on column streaming.consumer_offsets.forwarded is 'How many of the duplicates a client had put into another partition than the home of their user. Each was sent to its home and counts there';

-- The shadow table is filled only while `replay` runs.
truncate streaming_replay.consumer_offsets;
alter table streaming_replay.consumer_offsets add column duplicate_rules jsonb not null;
alter table streaming_replay.consumer_offsets drop column duplicate_window_records;
alter table streaming_replay.consumer_offsets add column forwarded bigint not null default 0;
