{#-
  The settled tables and the live views over them agree on one number, the watermark: each
  transaction before it is settled. The watermark is the xmin of a snapshot, so a transaction that was
  still running then never counts as settled, however late it commits.
-#}

{#- The watermark; 0 when the server's transaction ids have restarted, so that all rows count as changed. -#}
{% macro settled_xid() -%}
    (
        select case when settled_xid <= {{ snapshot_xmin() }} then settled_xid else 0 end
        from {{ source('transform', 'settlement') }}
    )
{%- endmacro %}

{% macro snapshot_xmin() -%}
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint
{%- endmacro %}

{#-
  Whether a row was written since `xid`. A range, because the planner then expects a two-hundredth of
  the rows. For `>=` with an unknown value it expects a third, and reads the whole table instead of
  the index (clauselist_selectivity in PostgreSQL).
-#}
{% macro written_since(column, xid) -%}
    {{ column }} between {{ xid }} and 9223372036854775807
{%- endmacro %}

{#- Users that changed since `xid`; a user may be in it more than once. -#}
{% macro users_changed_since(xid) -%}
    select user_id
    from {{ ref('stg_user_events') }}
    where {{ written_since('updated_xid', xid) }}
    union all
    select user_id
    from {{ source('streaming', 'corrected_users') }}
    where {{ written_since('corrected_xid', xid) }}
{%- endmacro %}

{#- A published relation by name, without the dependency that `ref` makes; none before the first run. -#}
{% macro published(name) -%}
    {{ return(adapter.get_relation(target.database, 'transform', name)) }}
{%- endmacro %}

{#- Runs in the transaction that settles. The live views then begin where this run's window ends. -#}
{% macro advance_watermark() %}
    update {{ source('transform', 'settlement') }} set
        settled_xid = settle_window.to_xid,
        settled_at = settle_window.taken_at
    from {{ ref('settle_window') }} as settle_window;

    delete from {{ source('streaming', 'corrected_users') }}
    where corrected_xid < (select from_xid from {{ ref('settle_window') }})
{% endmacro %}

{#- Rows that are updated within their page need no new entry in the index. -#}
{% macro leave_room_for_updates() %}
    {%- if not is_incremental() -%}
        alter table {{ this }} set (fillfactor = 80)
    {%- endif -%}
{% endmacro %}
