with list_minutes as (
    select minute
    from generate_series(
        date_trunc('minute', now()) - interval '1439 minutes',
        date_trunc('minute', now()),
        interval '1 minute'
    ) as minutes (minute)
),

list_types as (
    select event_type from (values ('click'), ('view'), ('purchase')) as types (event_type)
),

sum_partitions as (
    select
        minute,
        event_type,
        sum(event_count)::bigint as event_count
    from {{ ref('stg_events_per_minute') }}
    where minute > now() - interval '1 day'
    group by minute, event_type
)

select
    list_minutes.minute,
    list_types.event_type,
    coalesce(sum_partitions.event_count, 0) as event_count,
    list_minutes.minute > now() - interval '1 hour' as is_last_hour
from list_minutes
cross join list_types
left join sum_partitions using (minute, event_type)
