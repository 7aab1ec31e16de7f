"""
### Builds the settled tables anew

Rebuilds all of dbt's tables from the counts, once a night. It mends what a settle cannot see: rows
that were deleted, and a database that was restored from a dump.

- **When it fails** the tables of before stay, and the minutely settle goes on with them.
- **By hand**: `dbt/run refresh` in the checkout does the same.
"""

from datetime import timedelta

from _platform import DAG_DEFAULTS, run
from airflow.sdk import DAG

with DAG(
    "dbt_full_refresh",
    description="Rebuilds all of dbt's tables from the counts",
    schedule="23 3 * * *",
    dagrun_timeout=timedelta(hours=7),
    doc_md=__doc__,
    tags=["dbt", "nightly"],
    **DAG_DEFAULTS,
):
    run("refresh", "dbt/run refresh", execution_timeout=timedelta(hours=2))
