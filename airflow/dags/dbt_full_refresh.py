"""
### Counts every user anew

Once a night: deploys all of dbt's models, counts every user anew instead of those that changed, and
mends the index by which a settle finds the changed users, so that finding them stays cheap.

Nothing waits for it: a settle sees corrected and deleted counts by itself.

- **When it fails** the tables of before stay, and settling goes on with them.
- **By hand**: `bun run transform refresh` in the checkout does the same.
"""

from datetime import timedelta

from _platform import DAG_DEFAULTS, run
from airflow.sdk import DAG

with DAG(
    "dbt_full_refresh",
    description="Deploys all models and counts every user anew",
    schedule="23 3 * * *",
    dagrun_timeout=timedelta(hours=7),
    doc_md=__doc__,
    tags=["dbt", "nightly"],
    **DAG_DEFAULTS,
):
    run("refresh", "dbt/run refresh", execution_timeout=timedelta(hours=2))
