-- The 20 users with the most events, as of the last counted one.
select
    activity_rank,
    user_id,
    total_clicks,
    total_views,
    total_purchases,
    total_events,
    conversion_rate,
    segment
from postgresql.streaming.most_active_users
where activity_rank <= 20
order by activity_rank
