"""
### Settles what has been counted

Merges the users that changed since the last run into dbt's settled tables, so that reading
`user_event_summary` stays cheap. **No reader waits for it:** the view adds all later events.

- **Schedule**: `TRANSFORM_SCHEDULE`, a cron expression or a number of seconds.
- **When it fails** twice more, `ALERT_WEBHOOK_URL` is called. The next run settles the rest.
- **By hand**: `bun run transform` in the checkout.
"""

from datetime import timedelta

from _platform import DAG_DEFAULTS, run, transform_schedule
from airflow.sdk import DAG

with DAG(
    "dbt_refresh_summary",
    description="Settles the counts of users that changed",
    schedule=transform_schedule(),
    dagrun_timeout=timedelta(minutes=20),
    doc_md=__doc__,
    tags=["dbt"],
    **DAG_DEFAULTS,
):
    run(
        "settle",
        "dbt/run settle",
        execution_timeout=timedelta(minutes=5),
        # Goes first when there is not room for all tasks.
        priority_weight=10,
    )
