select
    -- ids
    user_id,

    -- dates
    day as active_on
from {{ source('streaming', 'user_active_days') }}
