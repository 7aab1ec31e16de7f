{{
    config(
        materialized='table',
        tags=['settle'],
        pre_hook="{{ hold_fence() }}"
    )
}}

with changed_users as (
    select distinct user_id
    from (
        {{ users_changed_since('(select from_xid from ' ~ ref('settle_window') ~ ')') }}
    ) as changes
),

recount as (
    {{ user_totals_of('changed_users') }}
)

-- A user whose rows were deleted has no totals; settling has to learn that.
select
    user_id,
    coalesce(recount.total_clicks, 0) as total_clicks,
    coalesce(recount.total_views, 0) as total_views,
    coalesce(recount.total_purchases, 0) as total_purchases,
    coalesce(recount.total_events, 0) as total_events,
    recount.first_seen_at,
    {{ count_active_days_of('changed_users.user_id') }} as count_active_days,
    {{ last_active_on_of('changed_users.user_id') }} as last_active_on
from changed_users
left join recount using (user_id)
