select
    -- timestamps
    minute,

    -- ids
    event_type::text as event_type,
    partition,

    -- numerics
    event_count
from {{ source('streaming', 'events_per_minute') }}
