"""The lock that allows one run of dbt at a time, and the records of runs in `transform.runs`."""

import json
import os
import uuid

import psycopg2

# `ADVISORY_LOCKS.transform` of scripts/lib/advisory-locks.ts, where every key is listed.
LOCK_KEY = 7_203_042


class RunRecords:
    """Holds the lock while it is entered. The server frees it when this process ends in any way."""

    def __init__(self, wait_seconds):
        self._wait_seconds = wait_seconds

    def __enter__(self):
        try:
            self._connection = psycopg2.connect(
                host=os.environ["POSTGRES_HOST"],
                port=os.environ["POSTGRES_PORT"],
                dbname=os.environ["POSTGRES_DB"],
                user="streaming_transform",
                password=os.environ["POSTGRES_TRANSFORM_PASSWORD"],
                sslmode=os.environ["POSTGRES_SSLMODE"],
                sslrootcert=os.environ.get("POSTGRES_SSL_CA", ""),
                connect_timeout=10,
                application_name="dbt/run",
            )
        except psycopg2.OperationalError as error:
            raise RuntimeError(f"Cannot reach PostgreSQL: {error}".strip()) from error
        self._connection.autocommit = True
        self._take_lock()
        # The former holder of the lock has ended, even if it could not record that.
        self._execute(
            "update transform.runs set status = 'failed', finished_at = now(),"
            " error = 'it ended without a word' where status = 'running'"
        )
        return self

    def __exit__(self, *_):
        self._connection.close()

    def _take_lock(self):
        if self._value("select pg_try_advisory_lock(%s)", LOCK_KEY):
            return
        print("Waiting for another run of dbt", flush=True)
        self._execute("select set_config('lock_timeout', %s, false)", f"{self._wait_seconds}s")
        try:
            self._execute("select pg_advisory_lock(%s)", LOCK_KEY)
        except psycopg2.errors.LockNotAvailable as error:
            raise RuntimeError(
                f"Cannot run dbt: another run has not ended within {self._wait_seconds} s"
            ) from error

    def deployed_hash(self):
        """The hash of the models in this database; None when it has none."""
        if self._value("select to_regclass('streaming.user_event_summary')") is None:
            return None
        return self._value(
            "select project_hash from transform.runs"
            " where status = 'passed' and project_hash is not null"
            " order by started_at desc limit 1"
        )

    def has_lost_watermark(self):
        return self._value(
            "select settled_xid > pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " from transform.settlement"
        )

    def mend_tracking(self):
        """Rebuilds the index of changed users; returns how many rows came from a restored dump."""
        self._execute("select transform.summarize_changes()")
        return self._value("select transform.restamp_restored()")

    def begin(self, command, project_hash):
        run_id = str(uuid.uuid4())
        self._execute(
            "insert into transform.runs (run_id, command, project_hash) values (%s, %s, %s)",
            run_id,
            command,
            project_hash,
        )
        return run_id

    def end(self, run_id, status, nodes, error):
        self._execute(
            "update transform.runs set status = %s, finished_at = now(), nodes = %s, error = %s"
            " where run_id = %s",
            status,
            json.dumps(nodes),
            error,
            run_id,
        )

    def forget_runs(self, days):
        """Keeps the last deployment that passed, which says which models the database has."""
        return self._execute(
            "delete from transform.runs where started_at < now() - make_interval(days => %s)"
            " and run_id is distinct from (select run_id from transform.runs"
            " where status = 'passed' and project_hash is not null"
            " order by started_at desc limit 1)",
            days,
        )

    def _value(self, statement, *values):
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
            return row[0] if row else None

    def _execute(self, statement, *values):
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount
