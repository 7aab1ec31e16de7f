"""Prints `group:artifact version...` for each `group:artifact` of standard input.

Asks the Maven repository, MAVEN_REPOSITORY_URL or that of the library. Called by maven.ts.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from lxml import etree
from maven_artifact import Downloader

PARALLEL_MAX = 6
TIMEOUT_SECONDS = (5, 10)


def fail(url, error):
    raise OSError(f"{url}: {error}")


def versions_of(downloader, name):
    group, artifact = name.split(":")
    path = f"{group.replace('.', '/')}/{artifact}/maven-metadata.xml"
    answer = downloader.requestor.request(
        f"{downloader.resolver.base}/{path}", fail, timeout=TIMEOUT_SECONDS
    )
    return etree.fromstring(answer.content).xpath("/metadata/versioning/versions/version/text()")


def main():
    base = os.environ.get("MAVEN_REPOSITORY_URL")
    downloader = Downloader(base) if base else Downloader()
    names = sys.stdin.read().split()
    try:
        with ThreadPoolExecutor(PARALLEL_MAX) as pool:
            for name, versions in zip(names, pool.map(lambda n: versions_of(downloader, n), names)):
                print(name, *versions)
    except OSError as error:
        sys.exit(str(error))


main()
