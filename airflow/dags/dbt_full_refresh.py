"""
### Recounts every user

Runs every night. Deploys dbt's models, recounts every user, not only those that changed, and
rebuilds the index by which a settle finds the changed users.

Nothing waits for it: a settle also sees corrected and deleted counts.

- **When it fails**, the old tables stay, and settling goes on with them.
- **By hand**: `bun run transform refresh` in the checkout.
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
