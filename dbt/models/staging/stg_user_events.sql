select
    -- ids
    user_id,
    event_type::text as event_type,

    -- numerics
    event_count,

    -- timestamps
    created_at as first_seen_at,
    updated_at,

    -- bookkeeping
    updated_xid
from {{ source('streaming', 'user_events') }}
