"""Prints the native libraries in the jars below the given folders: `jar entry`, one a line."""

import pathlib
import sys
import zipfile

for folder in sys.argv[1:]:
    for jar in sorted(pathlib.Path(folder).rglob("*.jar")):
        for entry in zipfile.ZipFile(jar).namelist():
            if entry.endswith((".so", ".dylib", ".jnilib")):
                print(jar.name, entry)
