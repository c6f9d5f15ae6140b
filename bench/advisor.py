"""The advisor's verbs as whole processes: what a person waits for an answer."""

import json
import statistics
import subprocess
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
# Models: the list of all with their claims; each without draws, and with the 10,000 that are drawn by default.
LIST_LIMIT_MS = 100
MODEL_LIMIT_MS = 100
DRAWN_LIMIT_MS = 1000
MODEL_CALLS = 3  # there are fifty


def milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise lib.BenchError(f"{' '.join(command)}: exit code {done.returncode}")
    return 1000 * (time.perf_counter() - start)


def models(strata: list[str]) -> list[str]:
    done = subprocess.run([*strata, "model", "-o", "json"], capture_output=True, text=True, check=True)
    return [row["model"] for section in json.loads(done.stdout)["sections"] for row in section["rows"]]


def questions(strata: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """(limit, calls, words) of everything that is asked."""
    asked = [(LIMIT_MS, CALLS, words) for words in QUESTIONS]
    asked.append((LIST_LIMIT_MS, CALLS, ("model", "--list")))
    for model in models(strata):
        asked.append((MODEL_LIMIT_MS, MODEL_CALLS, ("model", model, "--draws", "0")))
        asked.append((DRAWN_LIMIT_MS, MODEL_CALLS, ("model", model)))
    return asked


def answers(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    strata = [str(settings.bin / "strata"), "--home", "/nonexistent"]
    figures = []
    for limit, calls, words in questions(strata):
        repeats = [statistics.median(milliseconds([*strata, *words]) for _ in range(calls))
                   for _ in range(settings.repeats)]
        figures.append(lib.Figure("advisor", " ".join(words)[:40], "ms", repeats, None, "<=", limit))
    return figures
