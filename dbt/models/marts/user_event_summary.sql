with user_totals as (
    select * from {{ ref('user_totals') }}
),

select_columns as (
    select
        user_id,
        total_clicks,
        total_views,
        total_purchases,
        total_events
    from user_totals
)

select * from select_columns
