{{
    config(
        materialized='incremental',
        incremental_strategy='settle',
        unique_key='user_id',
        full_refresh=false,
        on_schema_change='append_new_columns',
        tags=['settle'],
        pre_hook="{{ hold_fence() }}",
        post_hook=[
            "{{ advance_watermark() }}",
            "{{ leave_room_for_updates() }}"
        ]
    )
}}

-- The test that reconciles with the ledger gates only models that also depend on the ledger.
-- depends_on: {{ ref('stg_partition_ledgers') }}
select
    user_id,
    total_clicks,
    total_views,
    total_purchases,
    total_events,
    first_seen_at,
    count_active_days,
    last_active_on
from {{ ref('user_totals_candidate') }}
-- Settling deletes users without events; before the first run they are only left out.
{% if not is_incremental() %}where total_events > 0{% endif %}
