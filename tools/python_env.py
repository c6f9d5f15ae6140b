#!/usr/bin/env python3
"""A virtual environment with exactly what a requirements file locks, in the cache; prints its folder.

The folder's name carries a digest of the file and of this Python, so a changed lock makes a new one. It
exists under that name only when it is complete; with nothing to do this takes milliseconds. Wheels only,
every one checked against its hash.
"""

import argparse
import os
import pathlib
import subprocess
import sys

from tool_cache import cache, made_once


def environment(name: str, requirements: pathlib.Path) -> pathlib.Path:
    """The folder of the environment, made when there is none; older ones of the name are removed."""
    made_from = requirements.read_bytes() + f"{sys.version}{sys.executable}".encode()
    return made_once(name, made_from, lambda folder: install(folder, requirements))


def install(folder: pathlib.Path, requirements: pathlib.Path) -> None:
    settings = {"PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(cache() / "pip")),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pip = [folder / "bin" / "python", "-m", "pip", "--quiet"]
    for command in ([sys.executable, "-m", "venv", folder],
                    [*pip, "install", "--require-hashes", "--only-binary=:all:", "-r", requirements]):
        subprocess.run(command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the folder's name begins with")
    parser.add_argument("requirements", type=pathlib.Path, help="lock file with a hash for every package")
    options = parser.parse_args()
    try:
        print(environment(options.name, options.requirements))
    except subprocess.CalledProcessError as error:
        print(f"python_env: {error.cmd[0]} failed with status {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
