"""Deletes outdated records beside gunicorn's serving, so that no table grows without bound.

Superset deletes none of them: neither the queries of SQL Lab nor their remains. The caches have
bounds in `superset_config.py`.
"""

import logging
import threading
from typing import Any

import sqlalchemy as sa

# How long queries of SQL Lab and notes for databases' single sign-on are kept.
RETENTION = "7 days"
# Tables that grow with use, apart from the bounded caches. The tabs belong to browsers that kept
# them here before.
OUTDATED = [
    f"delete from tab_state where changed_on < now() - interval '{RETENTION}'",
    f"""delete from query where changed_on < now() - interval '{RETENTION}'
        and client_id not in (select latest_query_id from tab_state where latest_query_id is not null)""",
    f"delete from logs where dttm < now() - interval '{RETENTION}'",
    f"delete from cache_keys where created_on < now() - interval '{RETENTION}'",
    "delete from key_value where expires_on < now()",
    f"delete from report_execution_log where start_dttm < now() - interval '{RETENTION}'",
]
EVERY_SECONDS = 3600


def post_worker_init(worker: Any) -> None:
    """Gunicorn calls this once the worker has loaded Superset."""
    app = worker.app.callable
    threading.Thread(target=delete_outdated_for_ever, args=(app,), daemon=True).start()


def delete_outdated_for_ever(app: Any) -> None:
    pause = threading.Event()
    while True:
        try:
            delete_outdated(app)
        except Exception:
            # For example, the database is down. Outdated records are still outdated in an hour.
            logging.getLogger(__name__).exception("Cannot delete outdated records")
        pause.wait(EVERY_SECONDS)


def delete_outdated(app: Any) -> None:
    with app.app_context():
        from superset import db

        for statement in OUTDATED:
            db.session.execute(sa.text(statement))
        db.session.commit()
