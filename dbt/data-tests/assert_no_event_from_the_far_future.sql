{#-
  Events from a clock that is wrong by more than a day stay in the statistics for ever. They count
  like all others, so a person has to find their producer.
-#}
select
    minute,
    event_type,
    sum(event_count) as event_count
from {{ ref('stg_events_per_minute') }}
where minute > now() + interval '1 day'
group by minute, event_type
