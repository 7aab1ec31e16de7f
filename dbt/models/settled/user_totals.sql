{{ config(materialized='view') }}

-- A source row that was written since the watermark holds the current count of its type; the counts
-- of the other types are settled. So only changed rows are read beside the settled users, and a query
-- for one user looks up one user.
with pivot_changed as (
    select
        user_id,
        max(event_count) filter (where event_type = 'click') as total_clicks,
        max(event_count) filter (where event_type = 'view') as total_views,
        max(event_count) filter (where event_type = 'purchase') as total_purchases,
        min(first_seen_at) as first_seen_at
    from {{ ref('stg_user_events') }}
    where {{ written_since('updated_xid', settled_xid()) }}
    group by user_id
),

-- Nothing that is settled holds for corrected users, so they are recounted below.
corrected_users as (
    select distinct user_id
    from {{ source('streaming', 'corrected_users') }}
    where {{ written_since('corrected_xid', settled_xid()) }}
),

put_over_settled as (
    select
        user_id,
        coalesce(changed.total_clicks, settled.total_clicks, 0) as total_clicks,
        coalesce(changed.total_views, settled.total_views, 0) as total_views,
        coalesce(changed.total_purchases, settled.total_purchases, 0) as total_purchases,
        least(changed.first_seen_at, settled.first_seen_at) as first_seen_at,
        changed.user_id is null as is_settled,
        settled.count_active_days,
        settled.last_active_on
    from {{ ref('user_totals_settled') }} as settled
    full join pivot_changed as changed using (user_id)
),

add_up as (
    select
        user_id,
        total_clicks,
        total_views,
        total_purchases,
        total_clicks + total_views + total_purchases as total_events,
        first_seen_at,
        is_settled,
        count_active_days,
        last_active_on
    from put_over_settled
    where not exists (
        select from corrected_users where corrected_users.user_id = put_over_settled.user_id
    )
),

count_corrected as (
    {{ user_totals_of('corrected_users') }}
)

select
    user_id,
    total_clicks,
    total_views,
    total_purchases,
    total_events,
    first_seen_at,
    is_settled,
    count_active_days,
    last_active_on
from add_up
union all
select
    user_id,
    total_clicks,
    total_views,
    total_purchases,
    total_events,
    first_seen_at,
    false as is_settled,
    null as count_active_days,
    null as last_active_on
from count_corrected
