with source as (
    select * from {{ source('streaming', 'events_per_minute') }}
),

select_columns as (
    select
        -- timestamps
        minute,

        -- ids
        event_type::text as event_type,
        partition,

        -- numerics
        event_count
    from source
)

select * from select_columns
