{{ config(tags=["settle"]) }}
{#-
  With the candidate settled, readers would see as many events as the ledger has stored and not
  removed. The sum is made of the settled users, the candidate's users in their place, and then the
  users that changed since the window. One statement is one snapshot, so a running consumer makes no
  difference.
-#}
{%- set settled = published('user_totals_settled') -%}
{%- set next_xid = '(select to_xid from ' ~ ref('settle_window') ~ ')' -%}
with changed_users as (
    select distinct user_id
    from (
        {{ users_changed_since(next_xid) }}
    ) as changes
),

settle_candidate as (
    select
        user_id,
        total_events
    from {{ ref('user_totals_candidate') }}
    {% if settled and not flags.FULL_REFRESH %}
    union all
    select
        user_id,
        total_events
    from {{ settled }} as settled
    where
        not exists (
            select from {{ ref('user_totals_candidate') }} as candidate
            where candidate.user_id = settled.user_id
        )
    {% endif %}
),

sum_events as (
    select
        (
            select coalesce(sum(total_events), 0)
            from settle_candidate
            where user_id not in (select user_id from changed_users)
        ) + (
            select coalesce(sum(event_count), 0)
            from {{ ref('stg_user_events') }}
            where user_id in (select user_id from changed_users)
        ) as counted_events,
        (
            select coalesce(sum(count_stored_events - count_removed_events), 0)
            from {{ ref('stg_partition_ledgers') }}
        ) as stored_events
)

select * from sum_events where counted_events <> stored_events
