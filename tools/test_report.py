#!/usr/bin/env python3
"""Runs tests and counts cases, not programs.

  test_report.py ctest --build DIR [-- CTEST-ARGUMENT...]   runs ctest
  test_report.py cargo --manifest FILE [-- ARGUMENT...]     runs cargo test
  test_report.py close [DIR...]                             sums the reports and prints the closing line

A GoogleTest program counts as its cases (its XML report, or its closing lines where ctest knows it by
another name), a Python program as what unittest or pytest says at its end, any other program as one. A
program that dies without a report counts as one failure.
Each run leaves a small JSON file in the report folder ($STRATA_REPORTS, default build/reports); `close`
prints the time of each stage (tools/stage), the failures by name, and last "N passed, N failed".
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?\.$", re.MULTILINE)
GTEST_FAILED = re.compile(r"^ *(\d+) FAILED TESTS?$", re.MULTILINE)
GTEST_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below:$", re.MULTILINE)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_END = re.compile(r"^(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)
PYTEST_END = re.compile(r"^=*\s*((?:\d+ (?:passed|failed|errors?|skipped|xfailed|warnings?)(?:, )?)+) in ",
                        re.MULTILINE)
PLAIN_END = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
CARGO_END = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
CARGO_FAILED = re.compile(r"^test (\S+) \.\.\. FAILED$", re.MULTILINE)


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)

    def add(self, other: "Counts") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def line(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def count_gtest(report: pathlib.Path) -> Counts | None:
    """Counts of one GoogleTest XML report; None when it is cut (its program died while writing)."""
    try:
        root = ElementTree.parse(report).getroot()
    except ElementTree.ParseError:
        return None
    counts = Counts()
    for case in root.iter("testcase"):
        if case.get("status") == "notrun" or case.get("result") == "suppressed":
            continue
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None:
            counts.failed += 1
            counts.failures.append(name)
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def count_output(program: str, succeeded: bool, output: str) -> Counts:
    """Counts of a program without an XML report, from what it printed at its end."""

    def last(pattern: re.Pattern[str]) -> int:
        return int((pattern.findall(output) or [0])[-1])

    ran = UNITTEST_RAN.findall(output)
    if ran:
        end = UNITTEST_END.findall(output)
        words = dict(re.findall(r"(\w+)=(\d+)", end[-1] if end else ""))
        failed = int(words.get("failures", 0)) + int(words.get("errors", 0))
        skipped = int(words.get("skipped", 0))
        counts = Counts(int(ran[-1]) - failed - skipped, failed, skipped)
    elif GTEST_PASSED.search(output):
        counts = Counts(last(GTEST_PASSED), last(GTEST_FAILED), last(GTEST_SKIPPED))
    elif found := PYTEST_END.findall(output):
        words = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", found[-1])}
        failed = words.get("failed", 0) + words.get("error", 0) + words.get("errors", 0)
        counts = Counts(words.get("passed", 0), failed, words.get("skipped", 0))
    elif found := PLAIN_END.findall(output):
        passed, failed, skipped = found[-1]
        counts = Counts(int(passed), int(failed), int(skipped or 0))
    else:
        counts = Counts(passed=1) if succeeded else Counts()
    if not succeeded and counts.failed == 0:
        counts.failed = 1
    if counts.failed:
        counts.failures.append(program)
    return counts


def count_ctest(junit: pathlib.Path, gtest_dir: pathlib.Path) -> Counts:
    """Counts of one ctest run from its JUnit file and the GoogleTest reports beside it."""
    total = Counts()
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        name = case.get("name", "?")
        succeeded = case.get("status") == "run"
        if case.get("status") in ("disabled", "notrun") and case.find("failure") is None:
            total.skipped += 1
            continue
        report = gtest_dir / f"{name}.xml"
        counts = count_gtest(report) if report.exists() else None
        if counts is None:
            counts = count_output(name, succeeded, case.findtext("system-out") or "")
        elif not succeeded and counts.failed == 0:
            counts.failed = 1
            counts.failures.append(f"{name} (died or timed out)")
        total.add(counts)
    return total


def save(name: str, counts: Counts, reports: pathlib.Path) -> int:
    reports.mkdir(parents=True, exist_ok=True)
    (reports / f"{name}.json").write_text(json.dumps(dataclasses.asdict(counts)) + "\n")
    return 1 if counts.failed else 0


def run_ctest(build: pathlib.Path, arguments: list[str], reports: pathlib.Path) -> int:
    gtest_dir = (reports / "gtest").resolve()
    shutil.rmtree(gtest_dir, ignore_errors=True)
    gtest_dir.mkdir(parents=True)
    junit = (reports / "ctest.xml").resolve()
    junit.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(build), "--output-junit", str(junit), "--output-on-failure",
               "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000",
               "--no-tests=error", *arguments]
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{gtest_dir}/", GTEST_COLOR="no")
    status = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if not junit.exists():
        counts = Counts(failed=1, failures=[f"ctest itself, status {status}"])
    else:
        counts = count_ctest(junit, gtest_dir)
        if status != 0 and counts.failed == 0:
            counts.add(Counts(failed=1, failures=[f"ctest itself, status {status}"]))
    return save(f"ctest-{build.name}", counts, reports)


def run_cargo(manifest: pathlib.Path, arguments: list[str], reports: pathlib.Path) -> int:
    command = ["cargo", "test", "--locked", "--manifest-path", str(manifest), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        sys.stdout.write(line)
        lines.append(line)
    status = process.wait()
    output = "".join(lines)
    counts = Counts(failures=CARGO_FAILED.findall(output))
    for passed, failed, ignored in CARGO_END.findall(output):
        counts.add(Counts(int(passed), int(failed), int(ignored)))
    if status != 0 and counts.failed == 0:
        counts.add(Counts(failed=1, failures=[f"cargo test itself, status {status}"]))
    return save("cargo", counts, reports)


def close(folders: list[pathlib.Path]) -> int:
    total = Counts()
    for folder in folders:
        counts = Counts()
        for report in sorted(folder.glob("*.json")):
            counts.add(Counts(**json.loads(report.read_text())))
        broken = []
        stages = folder / "stages.tsv"
        for line in stages.read_text().splitlines() if stages.exists() else []:
            name, seconds, status = line.split("\t")
            print(f"  {name:<24} {float(seconds):>8.1f} s{'' if status == '0' else '  failed'}")
            if status != "0":
                broken.append(name)
        # A stage that broke before it could count anything, say a compile error, is one failure.
        if not counts.failed and (broken or not stages.exists()):
            counts.add(Counts(failed=1, failures=broken or [f"{folder}: nothing ran"]))
        total.add(counts)
    for name in total.failures:
        print(f"failed: {name}")
    print(total.line())
    return 1 if total.failed or not total.passed else 0


def main() -> int:
    reports = pathlib.Path(os.environ.get("STRATA_REPORTS", "build/reports"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    ctest = verbs.add_parser("ctest")
    ctest.add_argument("--build", type=pathlib.Path, required=True)
    cargo = verbs.add_parser("cargo")
    cargo.add_argument("--manifest", type=pathlib.Path, required=True)
    for verb in (ctest, cargo):
        verb.add_argument("arguments", nargs="*")
    verbs.add_parser("close").add_argument("folders", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    if options.verb == "ctest":
        return run_ctest(options.build, options.arguments, reports)
    if options.verb == "cargo":
        return run_cargo(options.manifest, options.arguments, reports)
    return close(options.folders or [reports])


if __name__ == "__main__":
    sys.exit(main())
