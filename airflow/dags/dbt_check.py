"""
### Checks the data and writes its documentation

Runs every data test and checks how fresh the sources are. Then it writes to `STATE_DIR/dbt` the
documentation with a lineage graph (`docs/index.html`) and OpenLineage events of tables and columns,
one file a day (`lineage/`). `OPENLINEAGE_URL` receives the events, too.

- **When it fails**, the log of the task names the test and the rows it found; the data is
  unchanged.
- **By hand**: `bun run transform check` in the checkout.
"""

from datetime import timedelta

from _platform import DAG_DEFAULTS, run
from airflow.sdk import DAG

with DAG(
    "dbt_check",
    description="Tests the data, writes its documentation and lineage",
    schedule="7 * * * *",
    dagrun_timeout=timedelta(minutes=100),
    doc_md=__doc__,
    tags=["dbt", "hourly"],
    **DAG_DEFAULTS,
):
    run("check", "dbt/run check", execution_timeout=timedelta(minutes=30))
