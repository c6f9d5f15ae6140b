"""The advisor's verbs as whole processes: what a person waits for an answer."""

import statistics
import subprocess
import time

import lib

# At most, of every question.
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


def milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise lib.BenchError(f"{' '.join(command)}: exit code {done.returncode}")
    return 1000 * (time.perf_counter() - start)


def answers(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    figures = []
    for words in QUESTIONS:
        command = [str(settings.bin / "strata"), "--home", "/nonexistent", *words]
        repeats = [statistics.median(milliseconds(command) for _ in range(CALLS)) for _ in range(settings.repeats)]
        figures.append(lib.Figure("advisor", " ".join(words)[:40], "ms", repeats, None, "<=", LIMIT_MS))
    return figures
