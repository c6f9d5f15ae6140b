"""The scheduler's own code without a server: how long a decision takes, and learning from a call."""

import re
import subprocess

import lib
import sandboxes


def figures(settings: lib.Settings, name: str, patterns: tuple[str, ...]) -> list[list[float]]:
    """Runs a program of the bench preset `repeats` times; of each pattern the worst that a run printed."""
    command = ["taskset", "-c", settings.server_cpu, str(sandboxes.program(settings, name))]
    taken: list[list[float]] = [[] for _ in patterns]
    for _ in range(settings.repeats):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for values, pattern in zip(taken, patterns, strict=True):
            found = re.findall(pattern, done.stdout)
            if not found:
                raise lib.BenchError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
            values.append(max(map(float, found)))
    return taken


def decision(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    p50, p99 = figures(settings, "decision_bench", (r"p50 ([\d.]+) us", r"p99 ([\d.]+) us"))
    what = "decision, 10,000 workloads x 100 nodes"
    return [lib.Figure("decision", f"{what}, p50", "us", p50, None, "<=", 5),
            lib.Figure("decision", f"{what}, p99", "us", p99, None, "<=", 50)]


def learned(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    [off] = figures(settings, "learned_bench", (r"off by ([\d.]+) %",))
    return [lib.Figure("learned", "quantiles learned of 1,000,000 calls, off by at most", "%", off, None, "<=", 2)]
