"""What every measurement shares: settings, repeated interleaved runs, load, memory, and a row's record."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOOD_SECONDS = 3600
FLOOD_BEGINS_SECONDS = 1
WRK_SCRIPT = ROOT / "bench" / "server" / "wrk.lua"


class BenchError(Exception):
    """A measurement could not be taken; the message says why."""


class Skipped(Exception):
    """What a row compares with is not here; the message names it."""


@dataclass(frozen=True)
class Settings:
    bin: pathlib.Path  # strata, stratad, strata-cell
    programs: pathlib.Path  # benchmark programs of the bench preset
    cache: pathlib.Path
    probes: pathlib.Path
    seconds: float  # of load at each point
    repeats: int
    scale: float  # 1: the sizes that the goals name
    server_cpu: str = "0"
    client_cpu: str = "1"


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its goal. Ratios are taken pair by pair, so that a change of the
    machine's speed hits both sides alike."""

    row: str
    what: str
    unit: str
    ours: list[float]
    peer: list[float] | None  # None: the figure itself is compared with the limit
    sense: str  # "<=" or ">="
    limit: float
    note: str = ""

    def compared(self) -> list[float]:
        if self.peer is None:
            return self.ours
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]

    def met(self) -> bool:
        value = statistics.median(self.compared())
        return value <= self.limit if self.sense == "<=" else value >= self.limit

    def goal(self) -> str:
        return f"{self.sense} {self.limit:g} " + (self.unit if self.peer is None else "x")

    def record(self) -> dict:
        compared = self.compared()
        return {"row": self.row, "what": self.what, "unit": self.unit, "goal": self.goal(),
                "ours": self.ours, "peer": self.peer, "compared": statistics.median(compared),
                "least": min(compared), "most": max(compared), "met": self.met(), "note": self.note}

    def line(self) -> list[str]:
        ratio = "-" if self.peer is None else spread(self.compared())
        return [self.row, self.what, spread(self.ours, self.unit),
                "-" if self.peer is None else spread(self.peer, self.unit), ratio, self.goal(),
                "met" if self.met() else "MISSED", self.note]


def spread(values: list[float], unit: str = "") -> str:
    """Median, then least and most."""
    low, middle, high = (number(f(values)) for f in (min, statistics.median, max))
    return f"{middle} ({low}..{high})" + (f" {unit}" if unit else "")


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(rows: list[list[str]]) -> str:
    head = ["row", "what", "Strata: median (least..most)", "peer", "ratio", "goal", "", "note"]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in [head, *rows])


def interleave(sides: dict, repeats: int) -> dict:
    """Calls every side in turn, `repeats` times round; {side: [result, ...]}. Every other round goes
    the other way, so that neither side always follows the same neighbour."""
    taken = {name: [] for name in sides}
    for turn in range(repeats):
        for name in list(sides) if turn % 2 == 0 else reversed(list(sides)):
            taken[name].append(sides[name]())
    return taken


@dataclass(frozen=True)
class Load:
    """What wrk saw; times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    requests: int
    failed: int


@dataclass
class Wrk:
    """Runs wrk on the client's core. Every failed request is counted and told at the end of a row."""

    settings: Settings
    failed: int = 0
    points: list[str] = field(default_factory=list)

    def run(self, url: str, connections: int, pause_ms: float = 0, seconds: float = 0,
            prefix: tuple[str, ...] = ()) -> Load:
        """With a pause, every connection thinks 0 to 2 pauses between an answer and its next request:
        the offered load is then the same for servers of different speed. `prefix`: of the command."""
        for_seconds = seconds or self.settings.seconds
        command = [*prefix, *self.command(url, connections, for_seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env=os.environ | {"PAUSE_MS": f"{pause_ms:g}"})
        found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
        if done.returncode != 0 or not found:
            raise BenchError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        load = Load(**json.loads(found[1]))
        if load.failed:
            self.failed += load.failed
            self.points.append(f"{load.failed} of {load.requests} failed: {connections} at {url}")
        return load

    def command(self, url: str, connections: int, seconds: float) -> list[str]:
        return ["taskset", "-c", self.settings.client_cpu, "wrk", "-t1", f"-c{connections}",
                f"-d{seconds:g}s", "--timeout", "30s", "-s", str(WRK_SCRIPT), url]

    @contextlib.contextmanager
    def flood(self, url: str, connections: int) -> Iterator[None]:
        """As many requests as get through, for as long as it is held; they are not counted. It has begun for a while
        before anything beside it is measured."""
        command = self.command(url, connections, FLOOD_SECONDS)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                time.sleep(FLOOD_BEGINS_SECONDS)
                yield
            finally:
                process.kill()


def pss_kib(pids: list[int]) -> int:
    """Resident memory of the processes, shared pages counted once."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
    return total


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of all threads so far, to the nanosecond."""
    total = 0
    for pid in pids:
        for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(stat.read_text().split()[0])
    return total / 1e9


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def need(program: str) -> str:
    found = shutil.which(program)
    if not found:
        raise BenchError(f"{program} is not installed; make setup installs it")
    return found
