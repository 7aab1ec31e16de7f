"""
### Deletes old records

A run each minute leaves 1,440 rows and log files a day. This deletes those older than
`AIRFLOW_RETENTION_DAYS`, and prunes dbt's records of its own runs.

- **When it fails**, nothing stops; the disk fills slowly.
- **By hand**: `airflow/clean` needs Airflow's own environment, so trigger this DAG instead.
"""

from datetime import timedelta

from _platform import DAG_DEFAULTS, run
from airflow.sdk import DAG

with DAG(
    "airflow_housekeeping",
    description="Deletes records and logs that are past their retention",
    schedule="41 4 * * *",
    dagrun_timeout=timedelta(minutes=100),
    doc_md=__doc__,
    tags=["airflow", "nightly"],
    **DAG_DEFAULTS,
):
    run("clean_airflow", "airflow/clean", execution_timeout=timedelta(minutes=30))
    run("prune_dbt", "dbt/run prune", execution_timeout=timedelta(minutes=10))
