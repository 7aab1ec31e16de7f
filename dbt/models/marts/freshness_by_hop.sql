with find_last_batch as (
    select
        last_event_at,
        last_append_at,
        last_commit_at
    from {{ ref('stg_partition_ledgers') }}
    order by last_commit_at desc nulls last
    limit 1
),

find_newest_event as (
    select max(last_event_at) as last_event_at
    from {{ ref('stg_partition_ledgers') }}
)

select
    hops.hop_order,
    hops.hop,
    -- Clocks differ, and an event may say that it is yet to happen.
    case
        when hops.duration < interval '0' then 0
        else extract(epoch from hops.duration)::double precision
    end as seconds,
    hops.meaning
from {{ source('transform', 'settlement') }} as settlement
left join find_last_batch on true
left join find_newest_event on true
cross join lateral (
    values
    (
        1,
        'Event to Kafka',
        find_last_batch.last_append_at - find_last_batch.last_event_at,
        'from the newest event to the newest record in the log'
    ),
    (
        2,
        'Kafka to tables',
        find_last_batch.last_commit_at - find_last_batch.last_append_at,
        'from there until it was counted'
    ),
    (
        3,
        'Newest event',
        now() - find_newest_event.last_event_at,
        'ago; counted, and in every number here'
    ),
    (
        4,
        'Settled by dbt',
        now() - settlement.settled_at,
        'ago; what came later is read live'
    )
) as hops (hop_order, hop, duration, meaning)
