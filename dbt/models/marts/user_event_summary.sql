select
    user_id,
    total_clicks,
    total_views,
    total_purchases,
    total_events
from {{ ref('user_totals') }}
