"""Shared parts of the DAGs: the checkout whose `dbt/run` they call, the schedule, and the alert."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from _alert import send_alert
from airflow.providers.standard.operators.bash import BashOperator

CHECKOUT = os.environ.get("PLATFORM_CHECKOUT") or str(Path(__file__).resolve().parents[2])

# One run at a time, and no runs for the time when Airflow was down: a run now also covers the past.
DAG_DEFAULTS = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "is_paused_upon_creation": False,
    "default_args": {
        "owner": "platform",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "on_failure_callback": send_alert,
    },
}


def transform_schedule() -> str | timedelta:
    """A number is the seconds between two runs; anything else is a cron expression."""
    schedule = os.environ.get("TRANSFORM_SCHEDULE") or "* * * * *"
    return timedelta(seconds=int(schedule)) if schedule.isdigit() else schedule


def run(task_id: str, command: str, **options) -> BashOperator:
    """A task that runs a command in the checkout, in Airflow's environment."""
    return BashOperator(task_id=task_id, bash_command=command, cwd=CHECKOUT, **options)
