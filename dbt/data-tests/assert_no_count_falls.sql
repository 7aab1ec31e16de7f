{{ config(tags=["settle"]) }}
{#-
  Counts only grow. A replay or a person that corrects a user leaves a record of it; any other fall
  has to be accepted by a person (`dbt/run refresh --accept-falls`).
-#}
{%- set settled = published('user_totals_settled') -%}
{% if settled and not var('accept_falls', false) %}
select
    candidate.user_id,
    settled.total_clicks as settled_clicks,
    candidate.total_clicks,
    settled.total_views as settled_views,
    candidate.total_views,
    settled.total_purchases as settled_purchases,
    candidate.total_purchases
from {{ ref('user_totals_candidate') }} as candidate
inner join {{ settled }} as settled using (user_id)
where (
    candidate.total_clicks < settled.total_clicks
    or candidate.total_views < settled.total_views
    or candidate.total_purchases < settled.total_purchases
)
and not exists (
    select from {{ source('streaming', 'corrected_users') }} as corrected
    where corrected.user_id = candidate.user_id
)
{% else %}
select user_id from {{ ref('user_totals_candidate') }} where false
{% endif %}
