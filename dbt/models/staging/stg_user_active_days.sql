with source as (
    select * from {{ source('streaming', 'user_active_days') }}
),

select_columns as (
    select
        -- ids
        user_id,

        -- dates
        day as active_on
    from source
)

select * from select_columns
