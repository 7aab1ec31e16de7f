with measure_engagement as (
    {{ engagement_of(ref('user_totals')) }}
)

select
    user_id,
    total_events,
    count_active_days,
    events_per_active_day,
    share_of_events,
    first_seen_at,
    last_active_on,
    days_since_active,
    segment
from measure_engagement
