#!/usr/bin/env python3
"""A folder with the node_modules that a package-lock.json locks, in the cache; prints its name.

As python_env.py does it: the folder's name carries a digest of the lock and of this Node, and exists under
that name only when it is complete. No package's install script runs.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

from tool_cache import cache, made_once


def environment(name: str, package: pathlib.Path) -> pathlib.Path:
    """The folder of the modules, made when there is none; older ones of the name are removed."""
    files = [package / "package.json", package / "package-lock.json"]
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, check=True).stdout
    made_from = b"".join(file.read_bytes() for file in files) + node
    return made_once(name, made_from, lambda folder: install(folder, files))


def install(folder: pathlib.Path, files: list[pathlib.Path]) -> None:
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    settings = {"npm_config_cache": os.environ.get("npm_config_cache", str(cache() / "npm")),
                "npm_config_update_notifier": "false"}
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder],
                   env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the folder's name begins with")
    parser.add_argument("package", type=pathlib.Path, help="folder of package.json and package-lock.json")
    options = parser.parse_args()
    try:
        print(environment(options.name, options.package))
    except subprocess.CalledProcessError as error:
        print(f"node_env: {error.cmd[0]} failed with status {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
