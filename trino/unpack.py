"""Unpacks the needed part of Trino's archive: `unpack.py ARCHIVE FOLDER PLUGIN...`.

Most entries are hard links, some into a plugin that is not wanted. A first pass finds the content
of each wanted file, a second one unpacks it. Prints `name bytes` after every file, and at last
writes FOLDER/files.sha256, the list with each SHA-256. trino/install.ts calls this.
"""

import hashlib
import os
import sys
import tarfile


def wanted_name(name, plugins):
    """The name below the archive's folder when the file is wanted, else None."""
    path = name.split("/", 1)[1] if "/" in name else ""
    parts = path.split("/")
    if parts[0] == "lib" or (parts[0] == "plugin" and len(parts) > 2 and parts[1] in plugins):
        return path
    return None


def find_sources(archive, plugins):
    """The names of the entries with content, each with the wanted names of this content."""
    sources = {}
    with tarfile.open(archive, "r|gz") as entries:
        for entry in entries:
            path = wanted_name(entry.name, plugins)
            if path and (entry.isfile() or entry.islnk()):
                sources.setdefault(entry.linkname if entry.islnk() else entry.name, []).append(path)
    return sources


def unpack(archive, folder, sources):
    hashes = {}
    with tarfile.open(archive, "r|gz") as entries:
        for entry in entries:
            if not entry.isreg() or entry.name not in sources:
                continue
            first, *others = sources.pop(entry.name)
            path = os.path.join(folder, first)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            content = entries.extractfile(entry).read()
            with open(path, "wb") as file:
                file.write(content)
            hashes[first] = hashlib.sha256(content).hexdigest()
            for other in others:
                os.makedirs(os.path.dirname(os.path.join(folder, other)), exist_ok=True)
                os.link(path, os.path.join(folder, other))
                hashes[other] = hashes[first]
            print(first, len(content), flush=True)
    if sources:
        raise OSError(f"Cannot unpack {archive}: no content for {', '.join(sorted(sources)[:3])}")
    return hashes


def main():
    archive, folder, *plugins = sys.argv[1:]
    hashes = unpack(archive, folder, find_sources(archive, plugins))
    missing = [name for name in plugins if not any(f.startswith(f"plugin/{name}/") for f in hashes)]
    if missing:
        sys.exit(f"Cannot unpack {archive}: it has no plugin {', '.join(missing)}")
    draft = os.path.join(folder, "files.sha256.draft")
    with open(draft, "w", encoding="utf-8") as file:
        file.writelines(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, os.path.join(folder, "files.sha256"))


main()
