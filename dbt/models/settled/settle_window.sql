{{
    config(
        materialized='table',
        tags=['settle'],
        pre_hook="{{ hold_fence() }}"
    )
}}

-- The snapshot is taken before the users' totals are counted, so that these hold at least all that
-- the window ends with.
select
    {{ '0' if flags.FULL_REFRESH else settled_xid() }}::bigint as from_xid,
    {{ snapshot_xmin() }} as to_xid,
    clock_timestamp() as taken_at
