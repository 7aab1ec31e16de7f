"""Every DAG as Airflow itself loads it, without a database, and the alert of a failed task."""

import json
import logging
import os
import socket
import sys
import tempfile
import threading
import unittest
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

DAGS = Path(__file__).resolve().parents[1] / "dags"

# Set before the import of Airflow, which then creates its home and reads its settings.
HOME = tempfile.TemporaryDirectory(prefix="airflow-test-")
os.environ["AIRFLOW_HOME"] = HOME.name
os.environ["AIRFLOW_CONFIG"] = str(DAGS.parent / "airflow.cfg")
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
sys.dont_write_bytecode = True
sys.path.insert(0, str(DAGS))

from airflow.dag_processing.dagbag import DagBag

SCHEDULES = {
    "airflow_housekeeping": "41 4 * * *",
    "dbt_check": "7 * * * *",
    "dbt_full_refresh": "23 3 * * *",
    "dbt_refresh_summary": "* * * * *",
}
COMMANDS = {
    "clean_airflow": "airflow/clean",
    "prune_dbt": "dbt/run prune",
    "check": "dbt/run check",
    "refresh": "dbt/run refresh",
    "settle": "dbt/run settle",
}


FAILURE = {
    "ti": SimpleNamespace(
        dag_id="dbt_check", task_id="check", run_id="a run", log_url="http://log"
    ),
    "exception": RuntimeError("it broke"),
}


def read_dags(**environment: str) -> DagBag:
    with patch.dict(os.environ, environment):
        return DagBag(str(DAGS))


class DagsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bag = read_dags(TRANSFORM_SCHEDULE="")

    def test_each_file_is_one_dag_of_its_name(self):
        self.assertEqual(self.bag.import_errors, {})
        self.assertEqual(sorted(self.bag.dags), sorted(SCHEDULES))
        for name, dag in self.bag.dags.items():
            self.assertEqual(Path(dag.fileloc).name, f"{name}.py")

    def test_schedules_are_cron_expressions(self):
        for name, dag in self.bag.dags.items():
            self.assertEqual(dag.schedule, SCHEDULES[name])

    def test_settling_follows_its_setting(self):
        for setting, expected in {
            "*/5 * * * *": "*/5 * * * *",
            "20": timedelta(seconds=20),
        }.items():
            bag = read_dags(TRANSFORM_SCHEDULE=setting)
            self.assertEqual(bag.import_errors, {})
            self.assertEqual(bag.dags["dbt_refresh_summary"].schedule, expected)

    def test_one_run_at_a_time_and_none_for_the_past(self):
        for dag in self.bag.dags.values():
            self.assertFalse(dag.catchup, dag.dag_id)
            self.assertEqual(dag.max_active_runs, 1, dag.dag_id)
            self.assertIs(dag.is_paused_upon_creation, False, dag.dag_id)

    def test_every_task_is_tried_again_in_time_and_told_of(self):
        from _alert import send_alert

        for dag in self.bag.dags.values():
            for task in dag.tasks:
                with self.subTest(dag=dag.dag_id, task=task.task_id):
                    self.assertEqual(task.retries, 2)
                    self.assertLessEqual(task.retry_delay, timedelta(minutes=1))
                    tries = task.retries + 1
                    needed = tries * task.execution_timeout + task.retries * task.retry_delay
                    self.assertLess(needed, dag.dagrun_timeout)
                    self.assertEqual(
                        [callback.__name__ for callback in task.on_failure_callback],
                        [send_alert.__name__],
                    )

    def test_tasks_run_commands_that_the_checkout_has(self):
        commands = {task.task_id: task for dag in self.bag.dags.values() for task in dag.tasks}
        self.assertEqual({name: task.bash_command for name, task in commands.items()}, COMMANDS)
        for task in commands.values():
            program = Path(task.cwd) / task.bash_command.split()[0]
            self.assertTrue(os.access(program, os.X_OK), program)

    def test_people_find_out_what_each_dag_is(self):
        for dag in self.bag.dags.values():
            self.assertTrue(dag.description, dag.dag_id)
            self.assertTrue(dag.doc_md.strip().startswith("### "), dag.dag_id)
            self.assertTrue(dag.tags, dag.dag_id)


class AlertTest(unittest.TestCase):
    def log_of_alert(self, url: str) -> str:
        """The lines that the hook writes into the log."""
        from _alert import send_alert

        with (
            patch.dict(os.environ, {"ALERT_WEBHOOK_URL": url}),
            self.assertLogs("_alert", logging.WARNING) as logs,
        ):
            send_alert(FAILURE)
        return "\n".join(logs.output)

    def test_posts_what_failed_to_the_webhook(self):
        received = []

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            self.log_of_alert(f"http://127.0.0.1:{server.server_port}/hook")
        finally:
            server.shutdown()
            server.server_close()
        self.assertEqual(
            received,
            [
                {
                    "dag": "dbt_check",
                    "task": "check",
                    "run": "a run",
                    "when": "",
                    "url": "http://log",
                    "text": "dbt_check.check failed in a run: it broke",
                }
            ],
        )

    def test_writes_one_line_and_nothing_else_without_a_webhook(self):
        self.assertEqual(
            self.log_of_alert(""), "ERROR:_alert:dbt_check.check failed in a run: it broke"
        )

    def test_survives_a_webhook_that_is_dead_without_giving_its_address_away(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        log = self.log_of_alert(f"http://127.0.0.1:{port}/secret-path")
        self.assertIn("Cannot send the alert: URLError", log)
        self.assertNotIn("secret-path", log)

    def test_survives_a_context_that_lacks_everything(self):
        from _alert import send_alert

        with self.assertLogs("_alert", logging.WARNING):
            send_alert({})


if __name__ == "__main__":
    unittest.main()
