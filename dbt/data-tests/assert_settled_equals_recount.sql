{#- A user that has not changed since the watermark is settled with exactly what a recount gives. -#}
with changed_users as (
    select distinct user_id
    from (
        {{ users_changed_since(settled_xid()) }}
    ) as changes
),

list_users as (
    select distinct user_id from {{ ref('stg_user_events') }}
),

recount as (
    {{ user_totals_of('list_users') }}
),

keep_unchanged_recount as (
    select
        recount.*,
        {{ count_active_days_of('recount.user_id') }} as count_active_days,
        {{ last_active_on_of('recount.user_id') }} as last_active_on
    from recount
    where user_id not in (select user_id from changed_users)
),

keep_unchanged_settled as (
    select * from {{ ref('user_totals_settled') }}
    where user_id not in (select user_id from changed_users)
),

find_differences as (
    (select * from keep_unchanged_recount except all select * from keep_unchanged_settled)
    union all
    (select * from keep_unchanged_settled except all select * from keep_unchanged_recount)
)

select * from find_differences
