"""Many at once: live sandboxes, deployed functions, first calls."""

import os
import pathlib
import random
import re
import signal
import tempfile
import threading
import time

import guests
import lib
import servers

LIVE = 100_000
# A cell runs out of memory mappings (vm.max_map_count, 6 each) shortly above this.
PER_CELL = 10_000
PER_CALL = 10_000
DEPLOYED = 1000
FIRST_CALLS = 64
CONNECTIONS = 4
IDLE_SECONDS = 2
# What the kernel keeps for a mapping; page tables are counted by process.
SLABS = ("vm_area_struct", "maple_node", "anon_vma", "anon_vma_chain")


def kernel_kib(pids: list[int]) -> float:
    """Page tables of the processes and the kernel's objects for mappings of the whole machine: take the
    difference of two readings."""
    tables = sum(int(re.search(r"^VmPTE:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(),
                               re.M)[1]) for pid in pids)
    objects = 0
    for line in pathlib.Path("/proc/slabinfo").read_text().splitlines():
        words = line.split()
        if words[0] in SLABS:
            objects += int(words[2]) * int(words[3])
    return tables + objects / 1024


def call_all(server: servers.Strata, ids: list[str], settings: lib.Settings) -> tuple[float, int]:
    """Every sandbox once, in random order, over a few connections; (seconds, wrong answers)."""
    order = ids[:]
    random.Random(1).shuffle(order)
    wrong = []

    def work(part: list[str]) -> None:
        api = server.api()
        for one in part:
            api.request("POST", f"/v1/sandboxes/{one}/invoke")
            response = api.getresponse()
            answer = response.read()
            if response.status != 200 or answer != servers.HELLO:
                wrong.append(f"{one}: {response.status} {answer[:200]!r}")

    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(order[i::CONNECTIONS],))
               for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in wrong[:3]:
        print(f"  wrong: {text}", flush=True)
    return time.monotonic() - start, len(wrong)


def live(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """One run: the count is the repetition."""
    count = int(LIVE * settings.scale)
    cells = -(-count // PER_CELL)
    options = [f"--cells={cells}", f"--max-sandboxes={PER_CELL + 500}",
               "--max-memory-mib=1", "--memory-reservation-mib=1"]
    with servers.Strata(settings, *options) as server:
        server.apply(guests.manifest("hello", guests.example("hello-module"), "/hello", memory_mib=1))
        servers.get(server.address, "/hello")
        pids = server.pids()
        before_pss, before_kernel = lib.pss_kib(pids), kernel_kib(pids)
        api = server.api()
        ids = []
        start = time.monotonic()
        while len(ids) < count:
            body = {"namespace": "bench", "function": "hello",
                    "count": min(PER_CALL, count - len(ids))}
            made = api.call("POST", "/v1/sandboxes", body)["sandboxes"]
            ids += [one["id"] for one in made]
        made_seconds = time.monotonic() - start
        first, first_wrong = call_all(server, ids, settings)
        again, again_wrong = call_all(server, ids, settings)
        pss = (lib.pss_kib(pids) - before_pss) / count
        kernel = (kernel_kib(pids) - before_kernel) / count
        same = sorted(server.pids()) == sorted(pids)
    note = (f"{count} in {cells} cells, made in {made_seconds:.0f} s, called in {first:.0f} s and "
            f"{again:.0f} s; PSS {pss:.1f} + kernel {kernel:.1f} KiB"
            + ("" if same else "; A CELL WAS REPLACED"))
    return [lib.Figure("live", "live sandboxes, wrong answers", "", [first_wrong + again_wrong], None,
                       "<=", 0, note),
            lib.Figure("live", "live sandboxes, memory of each", "KiB", [pss + kernel], None, "<=", 16,
                       note)]


def deploy_many(server: servers.Strata, artifact: pathlib.Path, count: int, folder: pathlib.Path,
                **limits) -> list[str]:
    """Deploys variants of an artifact at /f0, /f1, ...; their paths."""
    manifests = [guests.manifest(f"f{i}", guests.variant(artifact, i, folder), f"/f{i}", **limits)
                 for i in range(count)]
    for at in range(0, count, 100):
        server.apply(*manifests[at:at + 100])
    return [f"/f{i}" for i in range(count)]


def deployed(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """Memory of all processes with every function called once, then restarts after kill -9."""
    count = int(DEPLOYED * settings.scale)
    with servers.Strata(settings) as server, tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        paths = deploy_many(server, guests.example("hello-module"), count, pathlib.Path(folder))
        deployed_seconds = time.monotonic() - start
        wrong = sum(servers.get(server.address, path) != (200, servers.HELLO) for path in paths)
        time.sleep(IDLE_SECONDS)
        pids = server.pids()
        each = [lib.pss_kib([pid]) / 1024 for pid in pids]
        memory = sum(each)
        restarts = []
        for _ in range(settings.repeats):
            os.kill(server.manager(), signal.SIGKILL)
            start = time.monotonic()
            server.up()
            server.api().call("GET", "/v1/status")
            restarts.append(time.monotonic() - start)
        wrong += servers.get(server.address, paths[-1]) != (200, servers.HELLO)
    parts = " + ".join(f"{part:.0f}" for part in each)
    note = f"{count} functions, deployed in {deployed_seconds:.0f} s, {wrong} wrong answers"
    return [lib.Figure("deployed", "all processes, functions called once, idle (PSS)", "MiB", [memory],
                       None, "<=", 200, f"{note}; manager + cells: {parts}"),
            lib.Figure("deployed", "kill -9 of the manager to its API's next answer", "s", restarts,
                       None, "<=", 1, note)]


def first_calls(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """All at once, against the CPU time that one such call takes when it has the machine alone."""
    cores = os.cpu_count()
    ours, peer, wrong = [], [], 0
    for _ in range(settings.repeats):
        with servers.Strata(settings) as server, tempfile.TemporaryDirectory() as folder:
            artifact = guests.example("thumbnail")
            paths = deploy_many(server, artifact, 2 * FIRST_CALLS, pathlib.Path(folder),
                                memory_mib=64)
            pids = server.pids()
            before = lib.cpu_seconds(pids)
            for path in paths[:FIRST_CALLS]:
                servers.get(server.address, path)
            one = (lib.cpu_seconds(pids) - before) / FIRST_CALLS
            last, bad = all_at_once(server.address, paths[FIRST_CALLS:])
            ours.append(last * 1e3)
            peer.append(FIRST_CALLS / cores * one * 1e3)
            wrong += bad
    return [lib.Figure("first", f"{FIRST_CALLS} first calls at once, last answer", "ms", ours, peer, "<=",
                       1.3, f"0.1 MiB modules; beside calls x CPU time of one / cores; {wrong} failed")]


def all_at_once(address: str, paths: list[str]) -> tuple[float, int]:
    """Sends one request on each of as many ready connections; (seconds to the last answer, failed)."""
    host, port = address.rsplit(":", 1)
    connections = [servers.http.client.HTTPConnection(host, int(port), timeout=60) for _ in paths]
    for connection in connections:
        connection.connect()
    start = time.monotonic()
    for connection, path in zip(connections, paths, strict=True):
        connection.request("GET", path)
    failed = 0
    for connection in connections:
        response = connection.getresponse()
        response.read()
        # The function wants an image: its own refusal is its answer.
        failed += response.status != 400
    return time.monotonic() - start, failed
