"""The advisor's verbs as whole processes: what a person waits for an answer."""

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
    ("graph",),
    ("graph", "path", "Docker", "WasmEdge"),
    ("graph", "term", "sandbox"),
    ("align", "webassembly"),
    ("roadmap",),
)
# Models: without draws, and the slowest three with the 10,000 draws that are asked for by default.
MODELS = (
    (100, ("model", "--list")),
    (100, ("model", "lotka_volterra", "--draws", "0")),
    (1000, ("model", "npv")),
    (1000, ("model", "scenario_score")),
    (1000, ("model", "lotka_volterra")),
)


def milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise lib.BenchError(f"{' '.join(command)}: exit code {done.returncode}")
    return 1000 * (time.perf_counter() - start)


def answers(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    figures = []
    for limit, words in (*((LIMIT_MS, words) for words in QUESTIONS), *MODELS):
        command = [str(settings.bin / "strata"), "--home", "/nonexistent", *words]
        repeats = [statistics.median(milliseconds(command) for _ in range(CALLS)) for _ in range(settings.repeats)]
        figures.append(lib.Figure("advisor", " ".join(words)[:40], "ms", repeats, None, "<=", limit))
    return figures
