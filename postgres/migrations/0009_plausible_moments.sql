-- An event that says it happened before 1970, or more than 24 hours after it was appended to the log,
-- is no event. Records that were counted before keep their decision: see duplicate_rules.
alter table streaming.dead_letters drop constraint dead_letters_reason_check;
alter table streaming.dead_letters add constraint dead_letters_reason_check check (
    reason in (
        'unreadable', 'empty', 'too_large', 'bad_encoding', 'bad_json', 'not_an_object',
        'bad_event_id', 'bad_user_id', 'bad_event_type', 'bad_created_at', 'implausible_created_at'
    )
);
alter table streaming_replay.dead_letters drop constraint dead_letters_reason_check;
alter table streaming_replay.dead_letters add constraint dead_letters_reason_check check (
    reason in (
        'unreadable', 'empty', 'too_large', 'bad_encoding', 'bad_json', 'not_an_object',
        'bad_event_id', 'bad_user_id', 'bad_event_type', 'bad_created_at', 'implausible_created_at'
    )
);
comment on column streaming.consumer_offsets.duplicate_rules is 'By which rule records are decided, and from which offset on. The same event_id counts once within windowRecords records, or within horizonMs milliseconds of the log. The number of partitions decides which one is the home of a user. An event counts from 1970 to aheadMsMax milliseconds ahead of the log. A rule holds up to the next one';

-- The newest event used to be the one furthest in the future, so an outage could look fresh for ever.
update streaming.consumer_offsets set last_event_at = least(last_event_at, last_append_at);
comment on column streaming.consumer_offsets.last_event_at is 'When the newest event happened; never later than it was appended to the log';

comment on column streaming.consumer_offsets.absent is 'Offsets that hold nothing for readers: transactions that were aborted, and the markers of their ends';
comment on column streaming.consumer_offsets.lost is 'Offsets whose records the log had deleted, or forgotten by compaction, before they were read';
