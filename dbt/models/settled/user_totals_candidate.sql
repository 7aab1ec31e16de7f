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

count_anew as (
    {{ user_totals_of('select distinct user_id from changed_users') }}
)

-- A user whose rows were deleted has no totals, which settling has to learn.
select
    user_id,
    coalesce(count_anew.total_clicks, 0) as total_clicks,
    coalesce(count_anew.total_views, 0) as total_views,
    coalesce(count_anew.total_purchases, 0) as total_purchases,
    coalesce(count_anew.total_events, 0) as total_events,
    count_anew.first_seen_at,
    {{ count_active_days_of('changed_users.user_id') }} as count_active_days,
    {{ last_active_on_of('changed_users.user_id') }} as last_active_on
from changed_users
left join count_anew using (user_id)
