"""The advisor's verbs as whole processes: what a person waits for an answer."""

import json
import pathlib
import random as random_numbers
import statistics
import subprocess
import tempfile
import time

import lib

# At most, of every question but those to models.
LIMIT_MS = 20
CALLS = 20  # of each question in a repeat; the median is its figure
QUESTIONS = (
    ("compare", "wasm", "container"),
    ("compare", "virtualization", "containerization", "sandboxing", "webassembly", "service_mesh", "policy_engine"),
    ("compare", "--mapping", "tier"),
    ("recommend",),
    ("recommend", "--set", "security_requirement=High", "--set", "latency_ms=50", "--need", "edge", "--weights", "erp"),
    ("recommend", "--like", "ecommerce"),
    ("graph",),
    ("graph", "path", "Docker", "WasmEdge"),
    ("graph", "term", "sandbox"),
    ("align",),
    ("align", "webassembly"),
    ("roadmap",),
)
# The same verbs where there is a record of a whole run, and as pictures.
WITH_RECORD = (
    ("compare", "wasm", "container"),
    ("compare", "--domain", "edge"),
    ("recommend", "--set", "latency_ms=50"),
    ("recommend", "--like", "ecommerce"),
)
PICTURES = (
    ("compare", "wasm", "container"),
    ("recommend", "--like", "ecommerce"),
    ("graph", "path", "Docker", "WasmEdge"),
    ("graph", "diagram", "architecture_mindmap"),
    ("graph",),
)
# Models: the list of all with their claims; each without draws, and with the 10,000 that are drawn by default.
LIST_LIMIT_MS = 100
MODEL_LIMIT_MS = 100
DRAWN_LIMIT_MS = 1000
MODEL_CALLS = 3  # there are fifty


def made_up_record() -> dict:
    """In the form that `strata measure` writes, with the rows and as many samples as its whole run takes in each place."""
    random = random_numbers.Random(6)
    samples = {"warm_start": 830, "cold_start": 190, "warm_up": 190, "memory": 190, "instance_memory": 190,
               "density": 3, "image_size": 1, "escapes": 1, "attempts": 1}
    samples |= dict.fromkeys(("call_cpu", "prewarmed_call", "compute", "compute_cpu", "throughput", "epoll_wakeup",
                              "epoll_ready", "uring_submit", "uring_batched"), 33)
    units = {"memory": "MiB", "instance_memory": "MiB", "density": "instances", "throughput": "calls/s",
             "image_size": "MiB", "escapes": "attempts", "attempts": "attempts"}
    units |= dict.fromkeys(("epoll_wakeup", "epoll_ready", "uring_submit", "uring_batched"), "ns")
    rows = [{"row": row, "in": place, "unit": units.get(row, "ms"),
             "samples": [float(f"{random.lognormvariate(1, 0.3):.6g}") for _ in range(count)]}
            for place in ("process", "wasm", "container", "appkernel", "microvm", "container-in-microvm")
            for row, count in samples.items()]
    return {"schema": "strata.dev/measurements/v2", "workload": "hello", "measured": "2026-11-28T00:00:00Z", "mode": "full", "seconds": 1000, "strata": "0.1.0",
            "host": {"machine": "x86_64", "kernel": "6", "processor": "x", "processors": 2, "memory_mib": 1000, "load": 0},
            "versions": {}, "classes": [], "rows": rows}


def milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise lib.BenchError(f"{' '.join(command)}: exit code {done.returncode}")
    return 1000 * (time.perf_counter() - start)


def models(strata: list[str]) -> list[str]:
    done = subprocess.run([*strata, "model", "-o", "json"], capture_output=True, text=True, check=True)
    return [row["model"] for section in json.loads(done.stdout)["sections"] for row in section["rows"]]


def questions(strata: list[str], record: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """(limit, calls, words) of everything that is asked."""
    asked = [(LIMIT_MS, CALLS, words) for words in QUESTIONS]
    asked += [(LIMIT_MS, CALLS, (*words, "--record", record)) for words in WITH_RECORD]
    asked += [(LIMIT_MS, CALLS, (*words, "-o", "svg")) for words in PICTURES]
    asked.append((LIST_LIMIT_MS, CALLS, ("model", "--list")))
    for model in models(strata):
        asked.append((MODEL_LIMIT_MS, MODEL_CALLS, ("model", model, "--draws", "0")))
        asked.append((DRAWN_LIMIT_MS, MODEL_CALLS, ("model", model)))
    return asked


def answers(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    strata = [str(settings.bin / "strata"), "--home", "/nonexistent"]
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder) / "record.json"
        record.write_text(json.dumps(made_up_record()))
        for limit, calls, words in questions(strata, str(record)):
            repeats = [statistics.median(milliseconds([*strata, *words]) for _ in range(calls))
                       for _ in range(settings.repeats)]
            name = " ".join("RECORD" if word == str(record) else word for word in words)
            figures.append(lib.Figure("advisor", name[:48], "ms", repeats, None, "<=", limit))
    return figures
