"""A hash of the models, to compare those of a checkout with those that a database has."""

import hashlib


def hash_project(project):
    """SHA-256 of everything that decides what dbt builds: the project's files and dbt's own version."""
    patterns = ["dbt_project.yml", "selectors.yml", "requirements.lock"]
    patterns += ["models/**/*", "macros/**/*", "data-tests/**/*"]
    files = sorted(path for pattern in patterns for path in project.glob(pattern) if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
