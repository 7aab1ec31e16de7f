-- The ranking comes first, so that everything else is looked up for only a hundred users.
with rank_users as (
    select *
    from {{ ref('user_totals') }}
    order by total_events desc, user_id asc
    limit 100
),

measure_engagement as (
    {{ engagement_of('rank_users') }}
)

select
    user_id,
    row_number() over (order by rank_users.total_events desc, user_id asc) as activity_rank,
    'user ' || user_id as user_label,
    rank_users.total_clicks,
    rank_users.total_views,
    rank_users.total_purchases,
    rank_users.total_events,
    rank_users.total_purchases / nullif(rank_users.total_views, 0)::double precision as conversion_rate,
    measure_engagement.count_active_days,
    measure_engagement.events_per_active_day,
    measure_engagement.share_of_events,
    measure_engagement.first_seen_at,
    measure_engagement.last_active_on,
    measure_engagement.segment
from rank_users
inner join measure_engagement using (user_id)
