#!/usr/bin/env python3
"""Checks that src/ includes only what the layer table in src/README.md allows.

The table has the columns `folder | is | may include`. The third names folders, "nothing of ours" or
"everything above"; a folder may include those named and whatever they may include. Refused are an
include that the table does not allow, a folder that the table lacks or that does not exist, a cycle in
the table, one driver under sandbox/ including another, sandbox/ itself including a driver, and the
engine's header anywhere but in sandbox/wasm.
"""

import argparse
import pathlib
import re
import sys

ROW = re.compile(r"^\|\s*`(?P<folder>[a-z_]+)`\s*\|(?P<text>.*)\|(?P<allowed>[^|]*)\|\s*$")
INCLUDE = re.compile(r'^\s*#\s*include\s*"(?P<path>[^"]+)"')
SOURCES = {".h", ".cc"}
ENGINE_HEADER = "strata_native.h"
ENGINE_FOLDER = "sandbox/wasm"


class LayerError(Exception):
    """The table itself is wrong."""


def read_table(text: str) -> dict[str, set[str]]:
    """The folders each folder names in its third column, in the table's order."""
    table: dict[str, set[str]] = {}
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        folder, allowed = row["folder"], row["allowed"].strip()
        if folder in table:
            raise LayerError(f"folder {folder} has two rows")
        if allowed == "nothing of ours":
            table[folder] = set()
        elif allowed == "everything above":
            table[folder] = set(table)
        else:
            table[folder] = {name.strip(" `") for name in allowed.split(",")}
    if not table:
        raise LayerError("src/README.md has no layer table")
    for folder, names in table.items():
        for name in sorted(names - set(table)):
            raise LayerError(f"folder {folder} may include {name!r}, which has no row")
    return table


def close_table(table: dict[str, set[str]]) -> dict[str, set[str]]:
    """The table with what the named folders may include; raises on a cycle."""
    closed: dict[str, set[str]] = {}

    def visit(folder: str, path: tuple[str, ...]) -> set[str]:
        if folder in path:
            raise LayerError("cycle: " + " -> ".join((*path, folder)))
        if folder not in closed:
            reached = set(table[folder])
            for name in sorted(table[folder]):
                reached |= visit(name, (*path, folder))
            closed[folder] = reached
        return closed[folder]

    for folder in table:
        visit(folder, ())
    return closed


def driver_of(path: str, drivers: set[str]) -> str | None:
    """The driver that a path relative to src/ belongs to: "sandbox/wasm/x.h" -> "wasm"."""
    parts = path.split("/")
    return parts[1] if parts[0] == "sandbox" and parts[1] in drivers else None


def judge(source: str, included: str, allowed: dict[str, set[str]], drivers: set[str]) -> str | None:
    """Why `source` may not include `included` (both relative to src/); None when it may."""
    folder, target = source.split("/")[0], included.split("/")[0]
    if included == ENGINE_HEADER and not source.startswith(ENGINE_FOLDER + "/"):
        return f"only {ENGINE_FOLDER} may name the engine"
    if "/" not in included:
        return None
    if target not in allowed and included.endswith(".pb.h"):
        return None  # made from a description of others, with the path that it has there
    if target not in allowed:
        return f"{target} has no row in src/README.md"
    if target != folder:
        return None if target in allowed[folder] else f"{folder} may not include {target}"
    other = driver_of(included, drivers)
    if folder == "sandbox" and other and other != driver_of(source, drivers):
        who = driver_of(source, drivers) or "sandbox itself"
        return f"{who} may not include the driver {other}"
    return None


def check(root: pathlib.Path) -> list[str]:
    """Every violation under `root`/src, as "file:line: reason"."""
    src = root / "src"
    try:
        table = read_table((src / "README.md").read_text())
        allowed = close_table(table)
    except (OSError, LayerError) as error:
        return [f"src/README.md: {error}"]
    problems = []
    folders = {path.name for path in src.iterdir() if path.is_dir()}
    problems += [f"src/README.md: folder {name} is missing from the table" for name in sorted(folders - set(table))]
    problems += [f"src/README.md: folder {name} does not exist" for name in sorted(set(table) - folders)]
    drivers = {path.parent.name for path in src.glob("sandbox/*/driver.h")}
    for path in sorted(src.rglob("*")):
        source = path.relative_to(src).as_posix()
        if path.suffix not in SOURCES or source.split("/")[0] not in allowed:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            include = INCLUDE.match(line)
            if include and (reason := judge(source, include["path"], allowed, drivers)):
                problems.append(f'src/{source}:{number}: "{include["path"]}": {reason}')
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    problems = check(parser.parse_args().root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
