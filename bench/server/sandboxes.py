"""Fresh sandboxes without a network: through the driver, against the engine's C API alone."""

import os
import pathlib
import re
import subprocess

import lib

RESERVATION = 4 << 20


def build_probe(settings: lib.Settings, name: str) -> pathlib.Path:
    source = settings.probes / f"{name}.c"
    if not source.exists():
        raise lib.Skipped(f"no {source}")
    native = pathlib.Path(os.environ.get("STRATA_NATIVE_DIR")
                          or settings.cache.parent / "native" / "release")
    out = settings.cache / "probes" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([lib.need("gcc"), "-O2", "-w", f"-I{native / 'include'}", str(source),
                    str(native / "libstrata_native.a"), "-lpthread", "-ldl", "-lm", "-o", str(out)],
                   check=True)
    return out


def program(settings: lib.Settings, name: str) -> pathlib.Path:
    found = settings.programs / name
    if not found.exists():
        raise lib.Skipped(f"no {found}; the bench preset builds it")
    return found


def output(command: list[str], pattern: str) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout)
    if not found:
        raise lib.BenchError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return float(found[1])


def fresh(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    pin = ["taskset", "-c", settings.server_cpu]
    ours = [*pin, str(program(settings, "fresh_sandbox_bench")), "20"]
    probe = [*pin, str(build_probe(settings, "live_sandboxes")), "1", "1000", str(RESERVATION), "1"]
    taken = lib.interleave({
        "ours": lambda: output(ours, r"driver +([\d.]+)"),
        "peer": lambda: output(probe, r"destroy p50 ([\d.]+) us"),
    }, settings.repeats)
    return [lib.Figure("fresh", "fresh sandbox: create + call + destroy, p50", "us", taken["ours"],
                       taken["peer"], "<=", 1.25, "live_sandboxes.c")]


def two_cells(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """Throughput of two processes on two cores over that of one, against the same of the probe."""
    churn = str(program(settings, "driver_churn"))
    probe = [str(build_probe(settings, "threads_or_processes")), "1", "2000", str(RESERVATION), "1"]
    cpus = (settings.server_cpu, settings.client_cpu)

    def ratio() -> float:
        rate = r"([\d.]+) sandboxes/s"
        one = output(["taskset", "-c", cpus[0], churn], rate)
        pair = [subprocess.Popen(["taskset", "-c", cpu, churn], stdout=subprocess.PIPE, text=True)
                for cpu in cpus]
        return sum(float(re.search(rate, each.communicate()[0])[1]) for each in pair) / one

    taken = lib.interleave({
        "ours": ratio,
        "peer": lambda: output(probe, r"2 processes: .*\(([\d.]+)x of one\)"),
    }, settings.repeats)
    return [lib.Figure("two-cells", "two driver processes over one, fresh sandboxes/s", "x", taken["ours"],
                       taken["peer"], ">=", 0.95, "threads_or_processes.c")]
