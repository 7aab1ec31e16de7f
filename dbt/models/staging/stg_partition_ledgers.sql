select
    -- ids
    group_id,
    topic,
    partition,

    -- numerics
    stored as count_stored_events,
    duplicates as count_duplicate_events,
    rejected as count_rejected_records,

    -- timestamps
    last_event_at,
    last_append_at,
    last_commit_at,

    -- numerics; a new column comes last, so that the view is replaced in place
    removed as count_removed_events
from {{ source('streaming', 'consumer_offsets') }}
