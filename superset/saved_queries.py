"""The queries of `trino/queries` as Superset's saved queries: `bun run query NAME`, in SQL Lab.

The files stay as they are; an edit in Superset goes back into them. Pure but for `read` and
`write`.
"""

import uuid
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "trino/queries"
# Identifies objects without a name of their own: a file is the same query on each machine.
NAMESPACE = uuid.UUID("8f9a2e0c-5c1d-4f0a-9a51-5b1d7b0d4c2e")


def read(folder: Path, database_uuid: str) -> dict[str, dict[str, Any]]:
    """Each query by the name of its file in `assets/`, as if it had one."""
    return {
        f"queries/{path.stem}.yaml": saved(path.stem, path.read_text(), database_uuid)
        for path in sorted(folder.glob("*.sql"))
    }


def saved(name: str, text: str, database_uuid: str) -> dict[str, Any]:
    """The comment in the first line of a query says what it is for."""
    return {
        "label": name.replace("_", " ").capitalize(),
        "catalog": "postgresql",
        "schema": "streaming",
        "description": text.splitlines()[0].removeprefix("--").strip(),
        "sql": text,
        "uuid": str(uuid.uuid5(NAMESPACE, name)),
        "database_uuid": database_uuid,
        "version": "1.0.0",
    }


def write(folder: Path, name: str, content: dict[str, Any]) -> bool:
    """Writes the file when the text in Superset differs."""
    path = folder / f"{Path(name).stem}.sql"
    text = content["sql"].rstrip() + "\n"
    if path.read_text() == text:
        return False
    path.write_text(text)
    return True
