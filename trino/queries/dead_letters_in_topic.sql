-- The records of the last day that were rejected and not settled, with the reason, as they stand in the topic.
select
    letters.received_at,
    letters.reason,
    letters.partition,
    letters."offset",
    letters.payload_bytes,
    records._key as record_key,
    substr(records._message, 1, 200) as beginning
from postgresql.streaming.dead_letters as letters
inner join kafka.streaming.user_events as records
    on
        letters.partition = records._partition_id
        and letters."offset" = records._partition_offset
where
    letters.replayed_at is null
    and letters.purged_at is null
    and letters.received_at >= current_timestamp - interval '1' day
    and records._timestamp >= cast(current_timestamp at time zone 'UTC' as timestamp(3)) - interval '1' day
order by letters.received_at desc
limit 1000
