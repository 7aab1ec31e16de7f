"""Writes edits in Superset back into the files of `assets/`, for `bun run superset:export`.

A file changes only where Superset differs, so the diff to the last commit is the edit and nothing
more. New charts, and their datasets, are written when they belong to an imported dashboard.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bundle
import saved_queries
import yaml
from bootstrap import ADMIN, imported, models, remembered
from sqlalchemy.exc import OperationalError, ProgrammingError
from superset.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="folder with the files")
    folder = parser.parse_args().folder
    app = create_app()
    with app.app_context():
        from superset import security_manager
        from superset.utils.core import override_user

        with override_user(security_manager.find_user(ADMIN)):
            exported = dict(export())
            known = remembered()
    files = bundle.read(folder)
    # All of them use the one database, so its number does not matter for comparing.
    queries = saved_queries.read(saved_queries.FOLDER, "")
    query_names = {query["uuid"]: name for name, query in queries.items()}
    names = {str(file["uuid"]): name for name, file in files.items()}
    changed = 0
    for uuid, (proposed, content) in sorted(exported.items(), key=lambda item: item[1][0]):
        if uuid in query_names:
            if saved_queries.write(saved_queries.FOLDER, query_names[uuid], content):
                print(f"Changed: trino/{query_names[uuid].replace('.yaml', '.sql')}")
                changed += 1
            continue
        name = names.get(uuid, proposed)
        if uuid not in names and name in files:
            name = name.replace(".yaml", f"_{uuid[:8]}.yaml")
        merged = bundle.merge(name, files.get(name), content)
        if bundle.write(folder / name, merged):
            print(f"{'Changed' if uuid in names else 'New'}: {name}")
            changed += 1
    for uuid, name in sorted(names.items()):
        if uuid in known and uuid not in exported:
            (folder / name).unlink()
            print(f"Deleted: {name}")
            changed += 1
    if changed == 0:
        print("Nothing has changed in Superset")


def export() -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Each of our objects: its uuid, the name of a new file for it, and its export."""
    from superset.commands.chart.export import ExportChartsCommand
    from superset.commands.dashboard.export import ExportDashboardsCommand
    from superset.commands.database.export import ExportDatabasesCommand
    from superset.commands.dataset.export import ExportDatasetsCommand
    from superset.commands.query.export import ExportSavedQueriesCommand

    ours = {kind: set(imported(model)) for kind, model in models().items()}
    for dashboard in ours["dashboards"]:
        ours["charts"].update(dashboard.slices)
    for chart in ours["charts"]:
        if chart.table:
            ours["datasets"].add(chart.table)
    commands = {
        "dashboards": (ExportDashboardsCommand, "dashboard_title"),
        "charts": (ExportChartsCommand, "slice_name"),
        "datasets": (ExportDatasetsCommand, "table_name"),
        "databases": (ExportDatabasesCommand, "database_name"),
        "queries": (ExportSavedQueriesCommand, "label"),
    }
    for kind, (command, title) in commands.items():
        for item in ours[kind]:
            content = yaml.safe_load(command._file_content(item))
            slug = re.sub(r"\W+", "_", str(getattr(item, title)).lower()).strip("_")
            yield str(item.uuid), (f"{kind}/{slug}.yaml", content)


if __name__ == "__main__":
    try:
        main()
    except (OperationalError, ProgrammingError) as error:
        sys.exit(f"Cannot export: {error.orig}")
