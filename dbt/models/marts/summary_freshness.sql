with find_last_commit as (
    select
        max(last_event_at) as last_event_at,
        max(last_commit_at) as last_commit_at
    from {{ ref('stg_partition_ledgers') }}
)

select
    find_last_commit.last_event_at,
    find_last_commit.last_commit_at,
    health.settled_at,
    health.last_settle_status,
    health.last_settle_error,
    health.last_check_status,
    health.last_check_error,
    health.is_healthy
from find_last_commit
cross join {{ source('transform', 'health') }} as health
