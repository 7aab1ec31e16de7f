{{
    config(
        materialized='table',
        tags=['settle'],
        pre_hook="{{ hold_fence() }}"
    )
}}

-- The snapshot is taken before the totals are counted, so the totals hold at least everything up to
-- the window's end.
select
    {{ '0' if flags.FULL_REFRESH else settled_xid() }}::bigint as from_xid,
    {{ snapshot_xmin() }} as to_xid,
    clock_timestamp() as taken_at
