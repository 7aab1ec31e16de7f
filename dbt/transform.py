"""Runs dbt for the platform: settles, checks, refreshes, documents. `dbt/run --help` says more.

One run at a time: a lock in the database makes a second one wait. What a run did is written into
`transform.runs`, also when it fails; Airflow's tasks and `bun run transform` both come through here.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import lineage_export
from project_hash import hash_project
from run_records import RunRecords
from run_table import failures, nodes_of, table

PROJECT = Path(__file__).parent
STATE = Path(os.environ["STATE_DIR"]) / "dbt"
# What dbt has parsed, for all commands: each would need three seconds for that.
PARSED = STATE / "target" / "partial_parse.msgpack"
WAIT_SECONDS = 900
RETENTION_DAYS = 7
told_to_end = threading.Event()

DESCRIPTION = """Runs dbt on the platform's database.

  settle    settles what changed since the last run, once the tests allow it (default); the first
            run, and the first one with other models, deploys all models before
  refresh   deploys all models and recounts every user
  check     tests all data, asks whether the sources are fresh, writes docs and lineage
  docs      writes the documentation with lineage: one HTML file
  prune     forgets runs, logs and lineage older than AIRFLOW_RETENTION_DAYS"""


def main():
    parser = argparse.ArgumentParser(
        prog="dbt/run",
        description=DESCRIPTION,
        epilog="Exit status: 0 done, 1 failed, 2 wrong usage or setting.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = {
        "settle": settle,
        "refresh": refresh,
        "check": check,
        "docs": docs,
        "prune": prune,
    }
    parser.add_argument("command", nargs="?", default="settle", choices=commands)
    parser.add_argument(
        "--wait",
        type=int,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait for another run (default %(default)s)",
    )
    parser.add_argument(
        "--accept-falls",
        action="store_true",
        help="refresh: settle also counts that have fallen, once you know why they have",
    )
    given = parser.parse_args()
    if given.accept_falls and given.command != "refresh":
        parser.error("--accept-falls goes with refresh")
    if not os.environ.get("POSTGRES_TRANSFORM_PASSWORD"):
        print(
            "Cannot run dbt: POSTGRES_TRANSFORM_PASSWORD is not set; `bun run up` generates it",
            file=sys.stderr,
        )
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        with RunRecords(given.wait) as records:
            options = {"accept_falls": True} if given.accept_falls else {}
            return 0 if commands[given.command](records, **options) else 1
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was not settled yet is left to the next run", file=sys.stderr)
        return 1


def end(number, frame):
    """Makes a service manager's signal act like Ctrl-C, on which dbt ends its queries and threads."""
    told_to_end.set()
    signal.default_int_handler(number, frame)


def settle(records):
    deployed = deploy_others(records)
    if deployed is not None:
        return deployed
    if records.has_lost_watermark():
        print("Recounting all users: the server's transaction ids restarted, as after a restore")
        return refresh(records)
    return recorded(records, "settle", lambda: [invoke("settle", "build", "--selector", "settle")])


def deploy_others(records):
    """Deploys the models if the database has none or others; returns whether that worked."""
    project_hash = hash_project(PROJECT)
    if records.deployed_hash() == project_hash:
        return None
    print("Deploying the models: this database has none, or others")
    return deploy(records, "deploy", project_hash)


def refresh(records, accept_falls=False):
    restamped = records.mend_tracking()
    if restamped:
        print(f"{restamped} rows came from another server and count as changed now")
    return deploy(records, "refresh", hash_project(PROJECT), accept_falls)


def deploy(records, command, project_hash, accept_falls=False):
    """Every model, its unit tests and the tests that gate settling; all users are recounted."""
    words = ["build", "--selector", "deploy", "--full-refresh"]
    if accept_falls:
        words += ["--vars", "accept_falls: true"]
    return recorded(records, command, lambda: [invoke("deploy", *words)], project_hash)


def check(records):
    # A schedule may start a check before the first settle, when there is nothing to test.
    if deploy_others(records) is False:
        return False
    tests = recorded(records, "check", lambda: [invoke("check", "test", "--selector", "check")])
    freshness = recorded(records, "freshness", lambda: [invoke("freshness", "source", "freshness")])
    return all([tests, freshness, docs(records), lineage()])


def docs(_records):
    done = invoke("docs", "docs", "generate", "--static").success
    if done:
        target = STATE / "docs" / "index.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target_folder("docs") / "static_index.html", target)
        print(f"Documentation with lineage: {target}")
    return done


def lineage():
    """Exports OpenLineage events of the last run of each kind, to a daily file and OPENLINEAGE_URL."""
    return lineage_export.export(
        STATE, PROJECT, [target_folder(name) for name in ("deploy", "settle", "check")]
    )


def prune(records):
    days = int(os.environ.get("AIRFLOW_RETENTION_DAYS") or RETENTION_DAYS)
    count = records.forget_runs(days)
    print(f"Forgot {count} runs older than {days} days")
    lineage_export.forget(STATE, days)
    return True


def recorded(records, command, work, project_hash=None):
    """Records the work as a run and prints each node; a failure of any kind is recorded, too."""
    run_id = records.begin(command, project_hash)
    nodes, error, status = [], "it broke off", "failed"
    try:
        results = work()
        nodes = [node for result in results for node in nodes_of(result)]
        passed = all(result.success for result in results)
        # dbt does not always pass the interrupt on.
        if told_to_end.is_set() and not passed:
            raise KeyboardInterrupt
        status = "passed" if passed else "failed"
        error = None if passed else failures(results)
        print(table(nodes))
        print(f"{command} {'passed' if passed else 'FAILED: ' + error}")
    except KeyboardInterrupt:
        status, error = "interrupted", "it was told to end"
        raise
    finally:
        records.end(run_id, status, nodes, error)
    return passed


def invoke(name, *command):
    """Runs dbt in this process: starting another process takes longer than all the statements."""
    from dbt.cli.main import dbtRunner

    shows_progress = sys.stdout.isatty()
    parsed = target_folder(name) / PARSED.name
    parsed.unlink(missing_ok=True)
    result = dbtRunner().invoke(
        [
            *([] if shows_progress else ["--quiet"]),
            "--use-colors" if shows_progress else "--no-use-colors",
            *["--log-path", str(STATE / "logs")],
            *command,
            *["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)],
            *["--target-path", str(target_folder(name))],
            *(["--partial-parse-file-path", str(PARSED)] if PARSED.exists() else []),
        ]
    )
    # It is there only where dbt had to parse something.
    if parsed.exists():
        parsed.replace(PARSED)
    return result


def target_folder(name):
    """Each command has a folder of its own, so that none overwrites the artifacts of another."""
    return STATE / "target" / name


if __name__ == "__main__":
    sys.exit(main())
