"""The alert of a task that has failed for good: a line in the log, and a POST to the webhook."""

import json
import logging
import os
import urllib.request

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10


def send_alert(context) -> None:
    """Airflow calls this after the last attempt. It never raises, since a lost alert is harmless."""
    try:
        alert = describe(context)
        log.error("%s", alert["text"])
        url = os.environ.get("ALERT_WEBHOOK_URL")
        if url:
            post(url, alert)
    except Exception as error:  # noqa: BLE001 # whatever it is
        # The log must not hold the address: anybody who knows it can post there.
        log.warning("Cannot send the alert: %s", type(error).__name__)


def describe(context) -> dict[str, str]:
    task = context["ti"]
    reason = context.get("exception") or context.get("reason") or "it ended without a word"
    when = context.get("logical_date") or getattr(context.get("dag_run"), "run_after", "")
    return {
        "dag": task.dag_id,
        "task": task.task_id,
        "run": task.run_id,
        "when": when.isoformat() if hasattr(when, "isoformat") else str(when),
        "url": str(getattr(task, "log_url", "")),
        "text": f"{task.dag_id}.{task.task_id} failed in {task.run_id}: {reason}",
    }


def post(url: str, alert: dict[str, str]) -> None:
    request = urllib.request.Request(
        url, json.dumps(alert).encode(), {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
        pass
