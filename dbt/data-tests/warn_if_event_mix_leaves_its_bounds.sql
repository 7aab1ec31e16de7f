{{ config(severity='warn') }}
{#-
  Compares the share of each type in the last full hour with its shares in the week before. The
  bound is four standard deviations, at least five hundredths. Needs a day of history and a hundred
  events, since a few events have no typical mix.
-#}
with count_hours as (
    select
        date_trunc('hour', minute) as hour,
        event_type,
        sum(event_count) as event_count
    from {{ ref('stg_events_per_minute') }}
    where
        minute >= date_trunc('hour', now()) - interval '7 days 1 hour'
        and minute < date_trunc('hour', now())
    group by date_trunc('hour', minute), event_type
),

list_types as (
    select event_type from (values ('click'), ('view'), ('purchase')) as types (event_type)
),

sum_hours as (
    select
        hour,
        sum(event_count) as event_count
    from count_hours
    group by hour
    having sum(event_count) >= 100
),

compute_shares as (
    select
        sum_hours.hour,
        list_types.event_type,
        coalesce(count_hours.event_count, 0) / sum_hours.event_count as share_of_events
    from sum_hours
    cross join list_types
    left join count_hours using (hour, event_type)
),

learn_bounds as (
    select
        event_type,
        count(*) as count_hours,
        avg(share_of_events) as expected_share,
        greatest(4 * stddev_samp(share_of_events), 0.05) as allowed_distance
    from compute_shares
    where hour < date_trunc('hour', now()) - interval '1 hour'
    group by event_type
)

select
    compute_shares.event_type,
    compute_shares.share_of_events,
    learn_bounds.expected_share,
    learn_bounds.allowed_distance
from compute_shares
inner join learn_bounds using (event_type)
where
    compute_shares.hour = date_trunc('hour', now()) - interval '1 hour'
    and learn_bounds.count_hours >= 24
    and abs(compute_shares.share_of_events - learn_bounds.expected_share) > learn_bounds.allowed_distance
