#!/usr/bin/env python3
"""Starts a server, deploys every example, calls each with real input and prints a table; then the same
program in all classes, side by side, where the scheduler puts four workloads that name none, and what
the source documents claim beside what was measured.

    tools/demo.py [--keep] [--bin DIR] [--seconds N] [--only EXAMPLE] [--record FILE]

Every answer is checked against the example's expected bytes. With --keep the server goes on
running afterwards and its address is printed; otherwise nothing is left behind. With --record what 'strata
measure --record' wrote stands for measuring, which takes most of the demo's minutes.
"""

import argparse
import csv
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
COLUMNS = ("FUNCTION", "LANGUAGE", "GUEST", "ARTIFACT", "FIRST MS", "P50 MS", "P99 MS", "MEMORY",
           "REQ/S", "ANSWER")
WARM_CALLS = 200
CLAIMS = 5  # rows
MEASURED = ("cold start", "warm start", "warm-up", "memory of a call", "throughput")
IMAGE, COMPONENT = "oci:image", "hello.wasm"  # in share/hello
# Name, artifacts, what it asks for. Each ends in a class of its own.
PLACED = (("plain", (IMAGE,), {}),
          ("foreign", (IMAGE,), {"requires": {"security": "medium"}}),
          ("hostile", (IMAGE,), {"requires": {"security": "high"}}),
          ("portable", (COMPONENT, IMAGE), {"slo": {"cold_start_ms": 20}}))


class Demo:
    def __init__(self, bin_dir, home, seconds):
        self.strata = [str(bin_dir / "strata"), "--home", str(home)]
        self.seconds = seconds
        self.address = None

    def run(self, *words, parse=False):
        """Runs a verb; a failure ends the demo with the verb's own words."""
        command = self.strata + list(words) + (["-o", "json"] if parse else [])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout) if parse else done.stdout

    def call(self, connection, call, folder):
        """One request; (seconds, status, body)."""
        body = (folder / call["body"]).read_bytes() if "body" in call else b""
        headers = {"Content-Type": call["content_type"]} if "content_type" in call else {}
        start = time.perf_counter()
        connection.request(call["method"], call["path"], body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        return time.perf_counter() - start, response.status, answer

    def load(self, call, folder):
        """Requests per second with 8 connections, by wrk; None without wrk."""
        if shutil.which("wrk") is None or self.seconds <= 0:
            return None
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(f"wrk.method = {json.dumps(call['method'])}\n")
            if "body" in call:
                script.write(f"local f = io.open({json.dumps(str(folder / call['body']))}, 'rb')\n"
                             "wrk.body = f:read('*a')\nf:close()\n")
            if "content_type" in call:
                script.write(f"wrk.headers['Content-Type'] = {json.dumps(call['content_type'])}\n")
            script.flush()
            done = subprocess.run(
                ["wrk", "-t1", "-c8", f"-d{self.seconds}s", "-s", script.name,
                 f"http://{self.address}{call['path']}"],
                capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            if line.startswith("Requests/sec:"):
                return float(line.split()[1])
        return None


def examples():
    """The example folders that say how to call them, in the order of their README."""
    order = [line.split("[")[1].split("]")[0] for line in (EXAMPLES / "README.md").open()
             if line.startswith("| [")]
    return [EXAMPLES / name for name in order if (EXAMPLES / name / "calls.json").exists()]


def size_text(count):
    for unit in ("B", "KiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} MiB"


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def check(call, status, answer, folder):
    """An error text, or None when the answer is the expected one."""
    if status != call["status"]:
        return f"status {status}, not {call['status']}: {answer[:200]!r}"
    if answer != (folder / call["answer"]).read_bytes():
        return f"sha256 {hashlib.sha256(answer).hexdigest()[:16]} is not that of {call['answer']}"
    return None


def measure(demo, folder):
    """Calls one example; returns its row and whether every answer was right."""
    calls = json.loads((folder / "calls.json").read_text())
    host, port = demo.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    first = None
    problem = None
    for call in calls:
        seconds, status, answer = demo.call(connection, call, folder)
        first = seconds if first is None else first
        problem = problem or check(call, status, answer, folder)
    if problem:
        print(f"  {folder.name}: {problem}")
        return [folder.name] + ["-"] * (len(COLUMNS) - 2) + ["FAILED"], False
    warm = [demo.call(connection, calls[0], folder)[0] for _ in range(WARM_CALLS)]
    connection.close()
    rate = demo.load(calls[0], folder)
    described = demo.run("-n", "demo", "describe", "function", folder.name, parse=True)
    figures = next(row for row in demo.run("top", parse=True)["functions"]
                   if row["name"] == folder.name)
    artifact = ROOT / "build" / "examples" / f"{folder.name}.wasm"
    return [folder.name, described["metadata"].get("labels", {}).get("language", "-"),
            described["status"].get("guest", "-"), size_text(artifact.stat().st_size),
            f"{first * 1e3:.2f}", f"{percentile(warm, 0.5) * 1e3:.2f}",
            f"{percentile(warm, 0.99) * 1e3:.2f}", f"{figures['memory_mib']:.1f} MiB",
            "-" if rate is None else f"{rate:.0f}", "ok"], True


def place(demo, hello):
    """Deploys the workloads of PLACED. A row for each: what it asked for, what it got and why; the reason that
    each other class lost by; and whether four classes answered."""
    rows, lost = [], []
    for name, artifacts, asks in PLACED:
        paths = [f"oci:{hello / 'image'}" if each == IMAGE else str(hello / each) for each in artifacts]
        which = {"artifact": paths[0]} if len(paths) == 1 else {"variants": [{"artifact": each} for each in paths]}
        manifest = {"apiVersion": "strata.dev/v1alpha1", "kind": "Function", "metadata": {"name": name},
                    "spec": {**which, **asks}}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as text:
            json.dump(manifest, text)
            text.flush()
            placement = demo.run("apply", "-f", text.name, parse=True)["changes"][0]["placement"]
        rows.append([name, " or ".join("image" if each == IMAGE else "wasm" for each in artifacts),
                     ", ".join(f"{field}: {value}" for asked in asks.values() for field, value in asked.items())
                     or "-", placement["class"], placement["because"], demo.run("invoke", name).strip()])
        lost += [[name, each["class"], each["lost"]] for each in placement["alternatives"] if "lost" in each]
    classes_found = {row[3] for row in rows}
    return rows, lost, len(classes_found) == len(PLACED) and len({row[-1] for row in rows}) == 1


def print_table(rows, columns=COLUMNS):
    widths = [max(len(row[i]) for row in [list(columns)] + rows) for i in range(len(columns))]
    for row in [list(columns)] + rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def classes(demo):
    """What `strata measure` found of each class and of a bare process: medians of some of its rows."""
    report = demo.run("measure", "--quick", "--lang", "en", parse=True)
    units = {row["row"]: row["unit"] for section in report["sections"] if section["id"] == "rows"
             for row in section["rows"]}
    found = {}
    for row in next(section for section in report["sections"] if section["id"] == "measured")["rows"]:
        found.setdefault(row["in"], {})[row["row"]] = f"{row['measured']['value']:g}"
    rows = [[place, *(values.get(row, "-") for row in MEASURED)] for place, values in found.items()]
    return rows, ["IN", *(f"{row} {units[row]}".upper() for row in MEASURED)]


def claims(told):
    """Of `strata compare wasm container -o csv` what the documents claim in figures beside what was measured here:
    the first claim of each quantity, of both classes in turn. Nothing measured: no rows, and no header."""
    lines = list(csv.reader(told.splitlines()))
    start = next((i for i, line in enumerate(lines) if "verdict" in line), None)
    if start is None:
        return [], []
    rows = {}
    for line in lines[start + 1:]:
        if len(line) != len(lines[start]):
            break
        row = dict(zip(lines[start], line))
        if row["ratio"] not in ("", "-"):
            rows.setdefault(row["class"], {}).setdefault(row["quantity"], line)
    turns = itertools.zip_longest(*(of.values() for of in rows.values()))
    return [line for turn in turns for line in turn if line][:CLAIMS], [word.upper() for word in lines[start]]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the server running")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--seconds", type=int, default=2, help="of load for each function; 0: none")
    parser.add_argument("--only", action="append", help="this example; may be given often")
    parser.add_argument("--record", type=pathlib.Path, help="figures that were measured before")
    arguments = parser.parse_args()

    home = pathlib.Path(os.environ.get("STRATA_HOME") or tempfile.mkdtemp(prefix="strata-demo."))
    if arguments.record:
        home.mkdir(exist_ok=True)
        shutil.copy(arguments.record, home / "measurements.json")  # where a server keeps it
    demo = Demo(arguments.bin, home, arguments.seconds)
    listen = "127.0.0.1:8080" if arguments.keep else "127.0.0.1:0"
    demo.address = demo.run("up", "-d", "--listen", listen, parse=True)["listen"]
    print(f"server: http://{demo.address} (state in {home})")
    keep = False
    try:
        rows = []
        good = True
        folders = [each for each in examples() if not arguments.only or each.name in arguments.only]
        for number, folder in enumerate(folders, 1):
            print(f"[{number}/{len(folders)}] deploying {folder.name} ...", end="", flush=True)
            start = time.perf_counter()
            demo.run("apply", "-f", str(folder / "function.yaml"))
            print(f" {time.perf_counter() - start:.1f} s", flush=True)
        for number, folder in enumerate(folders, 1):
            print(f"[{number}/{len(folders)}] calling {folder.name}", flush=True)
            row, right = measure(demo, folder)
            rows.append(row)
            good = good and right
        print()
        print_table(rows)
        if not arguments.record:
            print("\nThe same program in every class ('strata measure --quick', at most 3 minutes):", flush=True)
            print_table(*classes(demo))
        if os.geteuid() == 0:
            print("\nWhere workloads that name no class go ('strata explain NAME' says more):", flush=True)
            placed, lost, right = place(demo, arguments.bin.parent / "share" / "hello")
            good = good and right
            print_table(placed, ("WORKLOAD", "ARTIFACT", "ASKS FOR", "CLASS", "BECAUSE", "ANSWER"))
            print()
            print_table(lost, ("WORKLOAD", "NOT IN", "BECAUSE"))
        else:
            print("\nClasses other than wasm need root.")
        print("\nClaimed, and measured here ('strata compare wasm container' says more):", flush=True)
        stated, header = claims(demo.run("compare", "wasm", "container", "-o", "csv", "--lang", "en"))
        if len(stated) < CLAIMS:
            there = ", ".join(" ".join(row[:2]) for row in stated) or "none"
            sys.exit(f"demo: of {CLAIMS} claims with a figure beside them there are {len(stated)} ({there}); "
                     "'strata measure' says what it cannot measure here")
        print_table(stated, header)
        keep = arguments.keep and good
        if keep:
            print(f"\nThe server goes on at http://{demo.address}. Stop it with\n"
                  f"  {' '.join(demo.strata)} down")
        if not good:
            sys.exit("demo: an answer was wrong, or a workload not in the class that it was made for")
    finally:
        if not keep:
            demo.run("down")
            if "STRATA_HOME" not in os.environ:
                shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
