with sum_totals as (
    select
        coalesce(sum(total_clicks), 0)::bigint as total_clicks,
        coalesce(sum(total_views), 0)::bigint as total_views,
        coalesce(sum(total_purchases), 0)::bigint as total_purchases,
        sum(total_events)::bigint as total_events
    from {{ ref('user_totals') }}
)

select
    by_type.event_type,
    by_type.event_count,
    by_type.event_count / sum_totals.total_events::double precision as share_of_events
from sum_totals
cross join lateral (
    values
    ('click', sum_totals.total_clicks),
    ('view', sum_totals.total_views),
    ('purchase', sum_totals.total_purchases)
) as by_type (event_type, event_count)
