{#-
  Recounts users: their events by type and when they were first seen; a user without events has no
  row. `users` is a relation with one row for each `user_id`. Each user is looked up separately, since
  the planner would read the whole table for a join.
-#}
{% macro user_totals_of(users) %}
    select
        users.user_id,
        sum_events.total_clicks,
        sum_events.total_views,
        sum_events.total_purchases,
        sum_events.total_events,
        sum_events.first_seen_at
    from {{ users }} as users
    cross join lateral (
        select
            coalesce(sum(event_count) filter (where event_type = 'click'), 0)::bigint as total_clicks,
            coalesce(sum(event_count) filter (where event_type = 'view'), 0)::bigint as total_views,
            coalesce(sum(event_count) filter (where event_type = 'purchase'), 0)::bigint as total_purchases,
            sum(event_count)::bigint as total_events,
            min(first_seen_at) as first_seen_at
        from {{ ref('stg_user_events') }} as events
        where events.user_id = users.user_id
        having count(*) > 0
    ) as sum_events
{% endmacro %}

{#- On how many days a user was active. -#}
{% macro count_active_days_of(user_id) -%}
    (
        select count(*)
        from {{ ref('stg_user_active_days') }} as days
        where days.user_id = {{ user_id }}
    )
{%- endmacro %}

{#- The last day on which a user was active. -#}
{% macro last_active_on_of(user_id) -%}
    (
        select max(days.active_on)
        from {{ ref('stg_user_active_days') }} as days
        where days.user_id = {{ user_id }}
    )
{%- endmacro %}
