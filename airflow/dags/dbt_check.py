"""
### Checks the data and writes its documentation

Runs every data test and looks at how fresh the sources are. Then it writes, in `STATE_DIR/dbt`, the
documentation with a graph of the lineage (`docs/index.html`), and the lineage of tables and columns
as OpenLineage events, one file a day (`lineage/`). With `OPENLINEAGE_URL` set, these go to that
server, too.

- **When it fails** the log of the task names the test and the rows that it found. Nothing is changed
  by a failed check; see the log, mend the cause, and run it again by hand.
- **By hand**: `bun run transform check` in the checkout does the same.
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
