-- The last record that was counted. A log that was cut and has grown again, or an older copy of one,
-- holds another record there, and counting must not go on.
alter table streaming.consumer_offsets
    add column last_record_offset bigint check (last_record_offset >= 0),
    add column last_record_checksum bigint check (last_record_checksum between 0 and 4294967295),
    add constraint consumer_offsets_last_record
        check ((last_record_offset is null) = (last_record_checksum is null));
comment on column streaming.consumer_offsets.last_record_offset is 'The offset of the last record that was counted; before next_offset';
comment on column streaming.consumer_offsets.last_record_checksum is 'CRC-32 of the time and the value of that record: the log has to hold it still when counting goes on';

alter table streaming_replay.consumer_offsets
    add column last_record_offset bigint,
    add column last_record_checksum bigint;
