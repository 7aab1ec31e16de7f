"""Fetches files from the Maven repository into a folder, several at once.

Reads `group:artifact:version sha256` lines from standard input, with
`group:artifact:extension:version` for another extension than jar. Prints `name bytes` after every
piece and `name done` when a file is in place. A file appears under its name only after its hash was
checked, so a partial download never looks whole. artifacts.ts calls it.
"""

import hashlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from maven_artifact import Artifact, Downloader

PARALLEL_MAX = 6
ATTEMPTS_MAX = 4
TIMEOUT_SECONDS = (10, 60)
PIECE_BYTES = 262_144


def fail(url, error):
    raise OSError(f"Cannot download {url}: {error}")


def fetch(downloader, folder, coordinates, sha256):
    artifact = Artifact.parse(coordinates)
    name = f"{artifact.artifact_id}-{artifact.version}.{artifact.extension}"
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    url = downloader.resolver.uri_for_artifact(artifact)
    digest = hashlib.sha256()
    try:
        response = downloader.requestor.request(url, fail, stream=True, timeout=TIMEOUT_SECONDS)
        with response, open(draft, "wb") as file:
            for piece in response.iter_content(PIECE_BYTES):
                file.write(piece)
                digest.update(piece)
                print(name, len(piece), flush=True)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise OSError(f"Cannot use {url}: its SHA-256 is {digest.hexdigest()}, not {sha256}")
        os.replace(draft, os.path.join(folder, name))
        print(name, "done", flush=True)
    finally:
        if os.path.exists(draft):
            os.remove(draft)


def fetch_patiently(downloader, folder, coordinates, sha256):
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return fetch(downloader, folder, coordinates, sha256)
        except OSError as error:
            if attempt == ATTEMPTS_MAX:
                raise
            print(f"{error}; trying again", file=sys.stderr, flush=True)
            time.sleep(2**attempt)


def main():
    folder = sys.argv[1]
    base = os.environ.get("MAVEN_REPOSITORY_URL")
    downloader = Downloader(base) if base else Downloader()
    wanted = [line.split()[:2] for line in sys.stdin]
    with ThreadPoolExecutor(PARALLEL_MAX) as pool:
        fetches = [pool.submit(fetch_patiently, downloader, folder, *line) for line in wanted]
        try:
            for each in fetches:
                each.result()
        except OSError as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(str(error))


main()
