-- The raw events of the last five minutes, newest first, each with what its user has done in all.
select
    try(from_iso8601_timestamp(events.created_at)) as created_at,
    events.event_type,
    totals.user_id,
    totals.total_clicks,
    totals.total_views,
    totals.total_purchases,
    totals.total_events,
    events._partition_id as partition_id,
    events._partition_offset as record_offset
from kafka.streaming.user_events as events
inner join postgresql.streaming.user_event_summary as totals
    on try_cast(events.user_id as bigint) = totals.user_id
where
    events._timestamp >= cast(current_timestamp at time zone 'UTC' as timestamp(3)) - interval '5' minute
    -- A record without it may take an event back.
    and events.event_id is not null
order by events._timestamp desc, record_offset desc
limit 1000
