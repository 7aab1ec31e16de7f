{#- Whoever has not changed since the watermark is settled with just what counting anew gives. -#}
with changed_users as (
    select distinct user_id
    from (
        {{ users_changed_since(settled_xid()) }}
    ) as changes
),

count_anew as (
    {{ user_totals_of('select distinct user_id from ' ~ ref('stg_user_events')) }}
),

keep_unchanged_anew as (
    select
        count_anew.*,
        {{ count_active_days_of('count_anew.user_id') }} as count_active_days,
        {{ last_active_on_of('count_anew.user_id') }} as last_active_on
    from count_anew
    where user_id not in (select user_id from changed_users)
),

keep_unchanged_settled as (
    select * from {{ ref('user_totals_settled') }}
    where user_id not in (select user_id from changed_users)
),

find_differences as (
    (select * from keep_unchanged_anew except all select * from keep_unchanged_settled)
    union all
    (select * from keep_unchanged_settled except all select * from keep_unchanged_anew)
)

select * from find_differences
