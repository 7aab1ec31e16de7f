{#-
  What is known of each of the given users, counted anew: their events by type, when they were first
  seen and on how many days they were active. `users` is a query for ids.
-#}
{% macro user_totals_of(users) %}
    select
        sum_events.*,
        (
            select count(*)
            from {{ ref('stg_user_active_days') }} as days
            where days.user_id = sum_events.user_id
        ) as count_active_days,
        (
            select max(days.active_on)
            from {{ ref('stg_user_active_days') }} as days
            where days.user_id = sum_events.user_id
        ) as last_active_on
    from (
        select
            user_id,
            coalesce(sum(event_count) filter (where event_type = 'click'), 0)::bigint as total_clicks,
            coalesce(sum(event_count) filter (where event_type = 'view'), 0)::bigint as total_views,
            coalesce(sum(event_count) filter (where event_type = 'purchase'), 0)::bigint as total_purchases,
            sum(event_count)::bigint as total_events,
            min(first_seen_at) as first_seen_at
        from {{ ref('stg_user_events') }}
        where user_id in ({{ users }})
        group by user_id
    ) as sum_events
{% endmacro %}
