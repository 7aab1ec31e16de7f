"""Exports OpenLineage events: datasets and columns, one file a day, and to an endpoint if there is one."""

import datetime
import json
import os
import subprocess
import time
from pathlib import Path


def export(state, project, target_folders):
    """Sends the events of the last run in each folder; True when all were sent."""
    folder = state / "lineage"
    folder.mkdir(parents=True, exist_ok=True)
    day = datetime.datetime.now(datetime.UTC).date()
    path = folder / f"{day}.ndjson"
    environment = {**os.environ, "OPENLINEAGE__TRANSPORT": json.dumps(transport(path))}
    sent = [
        subprocess.run(
            [
                Path(os.environ["DBT_PROGRAMS"]) / "dbt-ol",
                "send-events",
                *["--project-dir", project, "--target-path", target],
            ],
            env={**environment, "DBT_PROFILES_DIR": str(project)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for target in target_folders
        if (target / "run_results.json").exists()
    ]
    for process in sent:
        if process.returncode != 0:
            print(f"Cannot export lineage: {process.stdout[-2_000:]}")
    print(f"Lineage as OpenLineage events: {path}")
    return all(process.returncode == 0 for process in sent)


def transport(path):
    file = {"type": "file", "log_file_path": str(path), "append": True}
    url = os.environ.get("OPENLINEAGE_URL")
    if not url:
        return file
    key = os.environ.get("OPENLINEAGE_API_KEY")
    endpoint = {"type": "http", "url": url, "timeout": 10}
    if key:
        endpoint["auth"] = {"type": "api_key", "apiKey": key}
    return {"type": "composite", "transports": {"file": file, "endpoint": endpoint}}


def forget(state, days):
    """Deletes files that are older than `days`."""
    oldest = time.time() - days * 86_400
    for path in (state / "lineage").glob("*.ndjson"):
        if path.stat().st_mtime < oldest:
            path.unlink()
