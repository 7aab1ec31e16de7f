"""
### Settles what has been counted

Each run takes the users whose counts changed since the last one into dbt's settled tables, so that
reading `user_event_summary` stays cheap. **Nobody waits for it:** the view adds what is not settled
yet, and is as fresh as the last event that was counted.

- **Schedule**: the setting `TRANSFORM_SCHEDULE`, a cron expression or a number of seconds.
- **When it fails** it is tried twice more, then told to `ALERT_WEBHOOK_URL`. The next run settles
  all that is open; nothing has to be repeated by hand.
- **By hand**: `bun run transform` in the checkout does the same.
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
        # Before the others, when there is not room for all.
        priority_weight=10,
    )
