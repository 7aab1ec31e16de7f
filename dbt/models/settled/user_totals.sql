{{ config(materialized='view') }}

-- Not materialized: what is asked of one user is then looked up for one user.
with changed_users as not materialized (
    {{ users_changed_since(settled_xid()) }}
),

keep_unchanged as (
    select *
    from {{ ref('user_totals_settled') }} as settled
    where not exists (
        select from changed_users where changed_users.user_id = settled.user_id
    )
),

count_changed as (
    {{ user_totals_of('select user_id from changed_users') }}
)

select * from keep_unchanged
union all
select * from count_changed
