{{ config(severity='warn') }}
{#-
  Compares the events of the last full hour with the same hour of the 28 days before. The bound is
  four standard deviations, at least half of the mean. Needs a week of history.
-#}
with count_hours as (
    select
        date_trunc('hour', minute) as hour,
        sum(event_count) as event_count
    from {{ ref('stg_events_per_minute') }}
    where
        minute >= date_trunc('hour', now()) - interval '28 days 1 hour'
        and minute < date_trunc('hour', now())
    group by date_trunc('hour', minute)
),

list_hours as (
    select hour
    from
        generate_series(
            date_trunc('hour', now()) - interval '28 days 1 hour',
            date_trunc('hour', now()) - interval '1 hour',
            interval '1 day'
        ) as hours (hour)
    where hour >= (select min(hour) from count_hours)
),

fill_gaps as (
    select
        hour,
        coalesce(event_count, 0) as event_count
    from list_hours
    left join count_hours using (hour)
),

learn_bounds as (
    select
        count(*) as count_days,
        avg(event_count) as expected_count,
        greatest(4 * stddev_samp(event_count), avg(event_count) / 2) as allowed_distance
    from fill_gaps
    where hour < date_trunc('hour', now()) - interval '1 hour'
)

select
    fill_gaps.hour,
    fill_gaps.event_count,
    learn_bounds.expected_count,
    learn_bounds.allowed_distance
from fill_gaps
cross join learn_bounds
where
    fill_gaps.hour = date_trunc('hour', now()) - interval '1 hour'
    and learn_bounds.count_days >= 7
    and abs(fill_gaps.event_count - learn_bounds.expected_count) > learn_bounds.allowed_distance
