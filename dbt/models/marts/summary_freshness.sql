with find_last_commit as (
    select
        max(last_event_at) as last_event_at,
        max(last_commit_at) as last_commit_at
    from {{ ref('stg_partition_ledgers') }}
),

-- A deployment and a refresh settle as well, so they make up for a run that failed.
find_last_settle as (
    select
        status,
        error
    from {{ source('transform', 'runs') }}
    where status in ('passed', 'failed') and command in ('settle', 'deploy', 'refresh')
    order by finished_at desc
    limit 1
),

find_last_check as (
    select
        status,
        error
    from {{ source('transform', 'runs') }}
    where status in ('passed', 'failed') and command = 'check'
    order by finished_at desc
    limit 1
)

select
    find_last_commit.last_event_at,
    find_last_commit.last_commit_at,
    settlement.settled_at,
    find_last_settle.status as last_settle_status,
    find_last_settle.error as last_settle_error,
    find_last_check.status as last_check_status,
    find_last_check.error as last_check_error,
    'failed' not in (
        coalesce(find_last_settle.status, ''), coalesce(find_last_check.status, '')
    ) as is_healthy
from find_last_commit
cross join {{ source('transform', 'settlement') }} as settlement
left join find_last_settle on true
left join find_last_check on true
