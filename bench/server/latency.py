"""How long one thing takes: a deploy, or a short call beside endless ones."""

import os
import pathlib
import signal
import tempfile
import time

import guests
import lib
import servers

SPINNERS = (1, 10)
SPIN_SECONDS = 5  # beyond the load: long enough to start, short enough to end by themselves
PER_SPINNER_MS = 3
KEPT_SECONDS = 3


def answered(address: str, path: str) -> None:
    status, answer = servers.get(address, path)
    if status != 400:  # the function wants a CSV body: its own refusal is its answer
        raise lib.BenchError(f"{path}: {status} {answer[:300]!r}")


def deploy(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """From the request to deploy until the first answer of a 1 MiB module: new to the server, then
    deployed again after it was deleted. Once beside another function of the tenant, and once as its
    only one: then its cells are started, too."""
    artifact = guests.example("csvsql")
    note = f"{artifact.stat().st_size / 2**20:.2f} MiB of wasm"
    figures = []
    for beside in (True, False):
        cold, warm = [], []
        with servers.Strata(settings) as server, tempfile.TemporaryDirectory() as folder:
            if beside:
                server.apply(guests.manifest("hello", guests.example("hello-module"), "/hello"))
                servers.get(server.address, "/hello")
            for turn in range(max(settings.repeats, 5)):
                module = guests.variant(artifact, turn, pathlib.Path(folder))
                manifest = guests.manifest(f"d{turn}", module, f"/d{turn}", memory_mib=64)
                for taken in (cold, warm):
                    taken.append(deploy_once(server, manifest, f"/d{turn}"))
                    server.api().call("DELETE", f"/v1/namespaces/bench/functions/d{turn}")
        where = "" if beside else ", and start the tenant's cells"
        figures += [
            lib.Figure("deploy", f"deploy to first answer, {cache} cache{where}", "ms", taken, None, "<=", most,
                       note) for cache, taken, most in (("cold", cold, 500), ("warm", warm, 10))]
    return figures


def deploy_once(server: servers.Strata, manifest: dict, path: str) -> float:
    start = time.monotonic()
    server.apply(manifest)
    answered(server.address, path)
    return (time.monotonic() - start) * 1e3


def replaced(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """kill -9 of the only cell until another one answers on the same address. Connections made
    meanwhile wait in the listening socket, which lives on."""
    taken = []
    with servers.Strata(settings, "--cells=1") as server:
        server.apply(guests.manifest("hello", guests.example("hello-module"), "/hello"))
        for _ in range(2 * settings.repeats):
            # A cell that dies young is replaced after a pause, which is not the subject.
            time.sleep(KEPT_SECONDS)
            victim = server.cells()[0]
            start = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            answer(server, victim)
            taken.append((time.monotonic() - start) * 1e3)
    return [lib.Figure("replaced", "kill -9 of the only cell to the next cell's first answer", "ms", taken,
                       None, "<=", 50)]


def answer(server: servers.Strata, victim: int) -> None:
    """The first answer of another process: a connection that the victim had taken breaks."""
    while True:
        try:
            status, body = servers.get(server.address, "/hello")
        except OSError:
            continue
        if status == 200 and body == servers.HELLO and not alive(victim):
            return


def alive(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except OSError:
        return False


def spinners(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """p99 of a 1 ms call on one connection: alone, then beside calls that never end in its cell."""
    figures = []
    for kind in ("spin", "fill"):
        for count in SPINNERS:
            added, alone_p99 = [], []
            for _ in range(settings.repeats):
                alone, beside = beside_spinners(settings, wrk, kind, count)
                added.append((beside.p99 - alone.p99) / count)
                alone_p99.append(alone.p99)
            what = "bulk-memory loops" if kind == "fill" else "computing loops"
            figures.append(lib.Figure(
                "spinners", f"1 ms call beside {count} {what}: p99 added by each", "ms", added, None, "<=",
                PER_SPINNER_MS, f"p99 alone {lib.spread(alone_p99)} ms"))
    return figures


def beside_spinners(settings: lib.Settings, wrk: lib.Wrk, kind: str,
                    count: int) -> tuple[lib.Load, lib.Load]:
    spin_ms = int((settings.seconds + SPIN_SECONDS) * 1000)
    with servers.Strata(settings, "--cells=1", cpus=settings.server_cpu) as server:
        server.apply(
            guests.manifest("work", guests.busy(settings, "work"), "/work"),
            guests.manifest("spin", guests.busy(settings, kind), "/spin", memory_mib=32,
                            cpu_time_ms=spin_ms, timeout_ms=spin_ms))
        alone = wrk.run(server.url("/work"), 1)
        host, port = server.address.rsplit(":", 1)
        held = [servers.socket.create_connection((host, int(port))) for _ in range(count)]
        for one in held:
            one.sendall(b"GET /spin HTTP/1.1\r\nHost: bench\r\n\r\n")
        wait_until_running(server, count)
        beside = wrk.run(server.url("/work"), 1)
        for one in held:
            one.close()
    return alone, beside


def wait_until_running(server: servers.Strata, count: int) -> None:
    """Until the cell has used CPU time for each of them."""
    cells = server.cells()
    start = lib.cpu_seconds(cells)
    while lib.cpu_seconds(cells) - start < 0.05 * count:
        time.sleep(0.05)
