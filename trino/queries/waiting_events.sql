-- Records of the last hour that are in the topic and not counted yet, by partition.
--
-- The log's end is taken before the tables are read, so nothing that is counted shows up as waiting.
-- `_timestamp` bounds what is read of the topic; `bun run verify` knows the whole of it.
with recent_records as (
    select
        _partition_id as partition_id,
        _partition_offset as record_offset,
        _timestamp as appended_at
    from kafka.streaming.user_events
    where _timestamp >= cast(current_timestamp at time zone 'UTC' as timestamp(3)) - interval '1' hour
)

select
    recent_records.partition_id,
    count(*) as records,
    count_if(record_offset >= coalesce(next_offset, 0)) as waiting_records,
    max(record_offset) + 1 as log_end,
    coalesce(max(next_offset), 0) as counted_up_to,
    min(appended_at) filter (where record_offset >= coalesce(next_offset, 0)) as waiting_since
from recent_records
left join postgresql.streaming.consumer_offsets as ledgers
    on recent_records.partition_id = ledgers.partition
group by recent_records.partition_id
order by recent_records.partition_id
