"""Makes Superset's records match the files and settings: tables, roles, the admin, dashboards.

`superset/start.ts` calls it after a change. A changed dashboard file overwrites edits in Superset;
`bun run superset:export` saves edits. Users' own objects stay: only the objects that
`imported_assets` lists are deleted with their file. Trino need not run.
"""

import argparse
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bundle
import flask_migrate
import saved_queries
import sqlalchemy as sa
import yaml
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from superset.app import create_app
from werkzeug.security import check_password_hash

ADMIN = "admin"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--import", dest="assets", type=Path, help="folder to import from")
    arguments = parser.parse_args()
    app = create_app()
    with app.app_context():
        from superset import db

        migrate()
        synchronise_roles()
        admin = make_admin(os.environ["SUPERSET_ADMIN_PASSWORD"])
        db.session.commit()
        if arguments.assets is not None:
            import_assets(arguments.assets, admin)
        connect_databases()
        publish()
        db.session.commit()


def migrate() -> None:
    from superset import db
    from superset.config import BASE_DIR

    folder = os.path.join(BASE_DIR, "migrations")
    with db.engine.connect() as connection:
        former = MigrationContext.configure(connection).get_current_revision()
    if former != ScriptDirectory(folder).get_current_head():
        flask_migrate.upgrade(directory=folder)


def synchronise_roles() -> None:
    """Superset keeps what a former setting gave to the public role, so this takes it away."""
    from flask import current_app
    from superset import appbuilder, security_manager
    from superset.extensions import db

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    if not current_app.config["PUBLIC_ROLE_LIKE"]:
        security_manager.get_public_role().permissions = []
    db.session.flush()


def make_admin(password: str) -> Any:
    from superset import security_manager

    admin = security_manager.find_user(ADMIN)
    if admin is None:
        role = security_manager.find_role("Admin")
        made = security_manager.add_user(
            ADMIN, "Platform", "Admin", "admin@localhost", role, password=password
        )
        if not made:
            raise RuntimeError("Cannot make the user admin of Superset")
        return security_manager.find_user(ADMIN)
    if not check_password_hash(admin.password, password):
        security_manager.reset_password(admin.id, password)
    return admin


def warehouse() -> str:
    """The address without the password, which `superset_config.py` adds to each connection."""
    address = urlsplit(os.environ["SUPERSET_TRINO"])
    port = address.port or (443 if address.scheme == "https" else 80)
    host = address.netloc.removesuffix(f":{port}")
    return f"trino://superset@{host}:{port}/postgresql"


def import_assets(folder: Path, admin: Any) -> None:
    from superset import db
    from superset.commands.database.importers.v1 import utils as database_import
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.models.core import Database
    from superset.utils.core import override_user

    sources = bundle.read(folder)
    for database in [file for name, file in sources.items() if bundle.kind_of(name) == "databases"]:
        sources |= saved_queries.read(saved_queries.FOLDER, database["uuid"])
    files = {name: bundle.complete(name, file) for name, file in sources.items()}
    for name, file in files.items():
        if bundle.kind_of(name) == "databases":
            file["sqlalchemy_uri"] = warehouse()
    # Both would query Trino: for the schemas, to create a permission for each, and for a table to
    # load data into.
    database_import.add_permissions = lambda database: None
    Database.has_table = lambda *_: True
    contents = {name: yaml.safe_dump(file) for name, file in files.items()}
    with override_user(admin):
        if files:
            contents["metadata.yaml"] = yaml.safe_dump(bundle.METADATA)
            ImportAssetsCommand(contents).run()
        remember_and_delete({name: str(file["uuid"]) for name, file in files.items()})
    db.session.commit()


def models() -> dict[str, Any]:
    """In this order, each kind follows the kinds that depend on it."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    from superset.models.sql_lab import SavedQuery

    return {
        "dashboards": Dashboard,
        "charts": Slice,
        "queries": SavedQuery,
        "datasets": SqlaTable,
        "databases": Database,
    }


def remember_and_delete(present: dict[str, str]) -> None:
    from superset import db

    execute = db.session.execute
    execute(sa.text("create table if not exists imported_assets (uuid uuid primary key)"))
    gone = remembered() - set(present.values())
    for kind, model in models().items():
        for item in db.session.query(model).filter(model.uuid.in_(gone)):
            if is_used(kind, item):
                # It stays in the table, and is deleted when nothing uses it any more.
                print(f"Kept {item}: something that was made in Superset uses it")
                gone.discard(str(item.uuid))
                continue
            db.session.delete(item)
        db.session.flush()
    for uuid in gone:
        execute(sa.text("delete from imported_assets where uuid = :uuid"), {"uuid": uuid})
    for uuid in present.values():
        execute(
            sa.text("insert into imported_assets values (:uuid) on conflict do nothing"),
            {"uuid": uuid},
        )


def is_used(kind: str, item: Any) -> bool:
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.slice import Slice
    from superset.models.sql_lab import Query, SavedQuery

    def has(model: Any, **filters: Any) -> bool:
        return db.session.query(model).filter_by(**filters).first() is not None

    if kind == "charts":
        return bool(item.dashboards)
    if kind == "datasets":
        return has(Slice, datasource_id=item.id, datasource_type="table")
    if kind == "databases":
        by_id = (SqlaTable, SavedQuery, Query)
        return any(has(model, **{foreign_key(model): item.id}) for model in by_id)
    return False


def foreign_key(model: Any) -> str:
    return "db_id" if hasattr(model, "db_id") else "database_id"


def remembered() -> set[str]:
    """The uuid of each object that was created from a file."""
    from superset import db

    if not sa.inspect(db.engine).has_table("imported_assets"):
        return set()
    rows = db.session.execute(sa.text("select uuid from imported_assets"))
    return {str(row.uuid) for row in rows}


def imported(model: Any) -> Iterable[Any]:
    from superset import db

    return db.session.query(model).filter(model.uuid.in_(remembered())).all()


def connect_databases() -> None:
    from superset.models.core import Database

    for database in imported(Database):
        if database.sqlalchemy_uri != warehouse():
            database.set_sqlalchemy_uri(warehouse())


def publish() -> None:
    """Publishes the imported dashboards to viewers without a login, or hides them all."""
    from flask import current_app
    from superset import db, security_manager
    from superset.models.dashboard import Dashboard

    public = security_manager.get_public_role()
    if current_app.config["PUBLIC_ROLE_LIKE"]:
        for dashboard in imported(Dashboard):
            if public not in dashboard.roles:
                dashboard.roles.append(public)
        return
    for dashboard in db.session.query(Dashboard).filter(Dashboard.roles.contains(public)):
        dashboard.roles.remove(public)


if __name__ == "__main__":
    logging.getLogger("alembic").setLevel(logging.WARNING)
    main()
