#!/usr/bin/env python3
"""Every check that needs no running program; `make lint` calls it after configuring build/release.

Runs all checks to the end, prints the time of each, and leaves the counts for tools/test_report.py. Only
clang-tidy is choosy: it takes the sources that changed against origin/main (or in the last commit) for at
most --tidy-seconds, and says what it left out; --all takes every source and all the time it needs.
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import source_tree
import test_report

ROOT = source_tree.ROOT
BUILD = ROOT / "build" / "release"


@dataclasses.dataclass
class Check:
    """One command whose exit status is the verdict."""

    name: str
    command: list[str]
    directory: pathlib.Path = ROOT
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def run(check: Check) -> tuple[bool, str]:
    done = subprocess.run(check.command, cwd=check.directory, env={**os.environ, **check.environment},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.returncode == 0, done.stdout


def checks() -> list[Check]:
    cxx = [str(path) for path in source_tree.cxx_files()]
    native = ["--manifest-path", "native/Cargo.toml"]
    cargo = {"CARGO_TARGET_DIR": str(cache() / "native")}
    return [
        Check("layers", ["tools/check_layers.py"]),
        Check("style", [sys.executable, "-m", "unittest", "discover", "-s", "tests/style", "-p", "*_test.py"]),
        Check("clang-format", ["clang-format-19", "--dry-run", "-Werror", *cxx]),
        Check("shellcheck", ["shellcheck", *map(str, source_tree.scripts())]),
        Check("cargo-fmt", ["cargo", "fmt", "--check", *native]),
        # With the profile of `make native`, so that build scripts and macros are compiled once for both.
        Check("clippy", ["cargo", "clippy", "--release", "--locked", "--all-targets", *native, "--", "-D", "warnings"],
              environment=cargo),
    ]


def cache() -> pathlib.Path:
    return pathlib.Path(os.environ.get("STRATA_CACHE") or pathlib.Path.home() / ".cache" / "strata")


def tidy_sources(everything: bool) -> list[str]:
    """Sources that the build compiles and that changed, also through their own header, in an order that
    differs from commit to commit, so that a cut at the time limit is a fair sample."""
    database = json.loads((BUILD / "compile_commands.json").read_text())
    compiled = {pathlib.Path(entry["file"]).resolve() for entry in database}
    names = [path for path in source_tree.cxx_files() if (ROOT / path).resolve() in compiled]
    changed = None if everything else source_tree.changed()
    if changed is not None:
        names = [path for path in names if path in changed or own_header(path) in changed]
    seed = source_tree.git("rev-parse", "HEAD") or ""
    return sorted(map(str, names), key=lambda name: hashlib.sha256((seed + name).encode()).digest())


def own_header(source: pathlib.Path) -> pathlib.Path:
    return source.with_name(source.stem.removesuffix("_test") + ".h")


def run_tidy(sources: list[str], seconds: float) -> test_report.Counts:
    """Two at a time at most: one clang-tidy of coroutine code takes over 1 GiB."""
    stop = time.monotonic() + seconds
    counts, skipped = test_report.Counts(), []

    def one(source: str) -> tuple[str, bool | None, str]:
        if time.monotonic() > stop:
            return source, None, ""
        ok, output = run(Check(source, ["clang-tidy-19", "--quiet", "-p", str(BUILD), source]))
        # Each finding is a few lines that begin with its place; .clang-tidy says why one kind does not count.
        blocks = re.split(r"^(?=/\S+:\d+:\d+: (?:error|warning):)", output, flags=re.MULTILINE)
        blocks = [text for text in blocks if "no header providing" not in text]
        return source, ok and not any(text.startswith("/") for text in blocks), "".join(blocks)

    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for done, (source, ok, output) in enumerate(pool.map(one, sources), 1):
            if ok is None:
                skipped.append(source)
            elif ok:
                counts.passed += 1
                print(f"  [{done}/{len(sources)}] {source}", flush=True)
            else:
                counts.failed += 1
                counts.failures.append(f"clang-tidy {source}")
                print(f"  [{done}/{len(sources)}] {source}: FAILED\n{output}", flush=True)
    if skipped:
        print(f"  out of time: {len(skipped)} of {len(sources)} sources not checked ({', '.join(skipped[:5])}, ...)")
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="clang-tidy on every source, however long it takes")
    parser.add_argument("--tidy-seconds", type=float, default=360)
    parser.add_argument("--only", help="run just this check, by name")
    options = parser.parse_args()
    total = test_report.Counts()

    def stage(name: str, seconds: float, ok: bool) -> None:
        print(f"<== lint {name}: {'' if ok else 'FAILED after '}{seconds:.1f} s", flush=True)
        if log := os.environ.get("STRATA_STAGE_LOG"):
            with open(log, "a", encoding="utf-8") as file:
                file.write(f"lint {name}\t{seconds:.1f}\t{0 if ok else 1}\n")

    for check in checks():
        if options.only not in (None, check.name):
            continue
        begin = time.monotonic()
        ok, output = run(check)
        if not ok:
            print(output)
        total.add(test_report.count_output(f"lint {check.name}", ok, output))
        stage(check.name, time.monotonic() - begin, ok)
    if options.only in (None, "clang-tidy"):
        begin = time.monotonic()
        seconds = float("inf") if options.all else options.tidy_seconds
        counts = run_tidy(tidy_sources(options.all), seconds)
        total.add(counts)
        stage("clang-tidy", time.monotonic() - begin, counts.failed == 0)

    return test_report.save("lint", total, pathlib.Path(os.environ.get("STRATA_REPORTS", "build/reports/lint")))


if __name__ == "__main__":
    sys.exit(main())
