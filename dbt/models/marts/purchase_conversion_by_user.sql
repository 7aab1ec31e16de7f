with user_totals as (
    select * from {{ ref('user_totals') }}
),

compute_rate as (
    select
        user_id,
        total_views,
        total_purchases,
        total_purchases / nullif(total_views, 0)::double precision as conversion_rate
    from user_totals
)

select * from compute_rate
