{#-
  How much users do, since when, and until when: `user_engagement` needs it for all users, and
  `most_active_users` for some. `users` is a relation with the columns of `user_totals`. The number of
  all events comes from the ledger, which is read without looking at the users. An event may be ahead
  of the clock, so a user's last day may be tomorrow. That counts as 0 days ago.
-#}
{% macro engagement_of(users) %}
    select
        user_id,
        total_events,
        count_active_days,
        total_events / count_active_days::double precision as events_per_active_day,
        total_events / (
            select sum(count_stored_events) from {{ ref('stg_partition_ledgers') }}
        )::double precision as share_of_events,
        first_seen_at,
        last_active_on,
        days_since_active,
        case
            when days_since_active > 30 then 'lapsed'
            when days_since_active > 7 then 'cooling'
            when days_since_first_seen <= 7 then 'new'
            else 'active'
        end as segment
    from (
        select
            *,
            greatest((now() at time zone 'UTC')::date - last_active_on, 0) as days_since_active,
            (now() at time zone 'UTC')::date - (first_seen_at at time zone 'UTC')::date as days_since_first_seen
        from (
            select
                user_id,
                total_events,
                first_seen_at,
                case
                    when is_settled then count_active_days
                    else {{ count_active_days_of('users.user_id') }}
                end as count_active_days,
                case
                    when is_settled then last_active_on
                    else {{ last_active_on_of('users.user_id') }}
                end as last_active_on
            from {{ users }} as users
        ) as count_days
    ) as measure_recency
{% endmacro %}
