{#- The totals that readers see have as many events as the ledger has stored and not removed. -#}
with sum_events as (
    select
        (
            select coalesce(sum(total_events), 0) from {{ ref('user_event_summary') }}
        ) as summary_events,
        (
            select coalesce(sum(count_stored_events - count_removed_events), 0)
            from {{ ref('stg_partition_ledgers') }}
        ) as stored_events
)

select * from sum_events where summary_events <> stored_events
