-- Counts the topic again and compares with the table, by type, for the hour that ended a minute ago.
--
-- Leaves out the records that the consumer does not count: uncounted yet, rejected, or repeated
-- within their partition. `difference` is zero unless records came hours late, the topic no longer
-- has them, or events were taken back.
with bounds as (
    select
        date_trunc('minute', current_timestamp) - interval '61' minute as first_minute,
        date_trunc('minute', current_timestamp) - interval '1' minute as end_minute
),

counted_records as (
    select
        records._partition_id as partition_id,
        min_by(records.event_type, records._partition_offset) as event_type,
        min_by(try(from_iso8601_timestamp(records.created_at)), records._partition_offset) as created_at
    from kafka.streaming.user_events as records
    inner join postgresql.streaming.consumer_offsets as ledgers
        on
            records._partition_id = ledgers.partition
            and records._partition_offset >= ledgers.first_offset
            and records._partition_offset < ledgers.next_offset
    left join postgresql.streaming.dead_letters as letters
        on
            records._partition_id = letters.partition
            and records._partition_offset = letters."offset"
    where
        records._timestamp >= cast(current_timestamp at time zone 'UTC' as timestamp(3)) - interval '2' hour
        and letters.reason is null
    group by records._partition_id, lower(records.event_id)
),

count_topic as (
    select
        event_type,
        count(*) as events
    from counted_records
    cross join bounds
    where created_at >= first_minute and created_at < end_minute
    group by event_type
),

count_table as (
    select
        event_type,
        sum(event_count) as events
    from postgresql.streaming.events_per_minute
    cross join bounds
    where minute >= first_minute and minute < end_minute
    group by event_type
)

select
    coalesce(count_topic.event_type, count_table.event_type) as event_type,
    coalesce(count_topic.events, 0) as events_in_topic,
    coalesce(count_table.events, 0) as events_in_table,
    coalesce(count_table.events, 0) - coalesce(count_topic.events, 0) as difference
from count_topic
full join count_table on count_topic.event_type = count_table.event_type
order by event_type
