select
    user_id,
    total_views,
    total_purchases,
    total_purchases / nullif(total_views, 0)::double precision as conversion_rate
from {{ ref('user_totals') }}
