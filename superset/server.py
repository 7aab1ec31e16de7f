"""What gunicorn does beside serving: it deletes outdated records, so that nothing grows by itself.

Superset deletes none of them: not the queries of SQL Lab, nor what they leave. What is in a cache has
a bound there, in `superset_config.py`.
"""

import logging
import threading
from typing import Any

import sqlalchemy as sa

# How long the records of queries in SQL Lab are kept, and the notes for single sign-on of databases.
RETENTION = "7 days"
# What grows with use, as far as it is not in a cache with a bound. The tabs are of browsers that
# kept them here before.
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
    """Gunicorn calls it once the worker has loaded Superset."""
    app = worker.app.callable
    threading.Thread(target=delete_outdated_for_ever, args=(app,), daemon=True).start()


def delete_outdated_for_ever(app: Any) -> None:
    pause = threading.Event()
    while True:
        try:
            delete_outdated(app)
        except Exception:
            # Such as a database that is away; what is outdated now is so in an hour, too.
            logging.getLogger(__name__).exception("Cannot delete outdated records")
        pause.wait(EVERY_SECONDS)


def delete_outdated(app: Any) -> None:
    with app.app_context():
        from superset import db

        for statement in OUTDATED:
            db.session.execute(sa.text(statement))
        db.session.commit()
