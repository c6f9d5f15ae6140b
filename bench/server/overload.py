"""A server that has much to do: sandboxes made one after another, tenants beside each other, 70 % load."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import guests
import lib
import servers

CREATING_CLIENTS = 16
LIVING = 4_000
DISK_WRITES = 200
QUIET_CONNECTIONS = 16
QUIET_PAUSE_MS = 25
FLOOD_CONNECTIONS = (64, 512)
MIXED = {"/hello": 64, "/container": 16, "/appkernel": 16}  # connections to each
SHARE = 0.7  # of what the server manages


class Creator:
    """One client over one connection: it makes sandboxes, each after the answer to the one before, and ends the
    oldest of its own once it has `most`, so that this can go on for as long as it is wanted."""

    BODY = json.dumps({"namespace": "bench", "function": "hello", "count": 1}).encode()
    CREATE = (b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY

    def __init__(self, home: pathlib.Path, most: int):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(home / "run" / "api.sock"))
        self.most = most
        self.made: collections.deque[str] = collections.deque()
        self.answer = b""
        self.creates = False
        self.idle = False
        self.since = 0.0

    def ask(self) -> None:
        self.creates = len(self.made) < self.most
        self.idle = not self.creates and not self.made
        if self.idle:
            return
        self.since = time.perf_counter()
        self.answer = b""
        end = b"" if self.creates else f"DELETE /v1/sandboxes/{self.made[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self.socket.sendall(self.CREATE if self.creates else end)

    def hear(self) -> float | None:
        """Milliseconds that a creation took, once all of its answer is there."""
        part = self.socket.recv(65536)
        if not part:
            raise lib.BenchError(f"sandboxes: the server closed a connection after {self.answer[:300]!r}")
        self.answer += part
        if not whole(self.answer):
            return None
        took = (time.perf_counter() - self.since) * 1e3
        head, _, body = self.answer.partition(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200", b"HTTP/1.1 204")):
            raise lib.BenchError(f"sandboxes: {self.answer[:300]!r}")
        creates = self.creates
        if creates:
            self.made.append(json.loads(body)["sandboxes"][0]["id"])
        else:
            self.made.popleft()
        self.ask()
        return took if creates else None


def create_for(home: pathlib.Path, clients: int, most: int, seconds: float) -> tuple[float, list[float]]:
    """For so long (creations a second, milliseconds of each). One loop over raw sockets: an HTTP library would be
    slower than the server. What is left is ended, unmeasured."""
    taken = []
    with selectors.DefaultSelector() as selector:
        start = time.perf_counter()
        for _ in range(clients):
            one = Creator(home, most)
            selector.register(one.socket, selectors.EVENT_READ, one)
            one.ask()
        while (passed := time.perf_counter() - start) < seconds:
            for key, _ in selector.select(seconds - passed):
                took = key.data.hear()
                if took is not None:
                    taken.append(took)
        rate = len(taken) / (time.perf_counter() - start)
        for key in list(selector.get_map().values()):
            key.data.most = 0
            while not key.data.idle:
                key.data.hear()
            key.fileobj.close()
    return rate, taken


def disk_waits() -> list[float]:
    """Milliseconds that the disk takes for one small write to be durable: nobody can promise in less."""
    waits = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(DISK_WRITES):
            file.write(bytes(8192))
            file.flush()
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            waits.append((time.perf_counter() - start) * 1e3)
    return waits


def whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                   if line.startswith(b"content-length:")), 0)
    return len(body) >= length


def creations(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """Through the manager, durable before the answer; the server has the whole machine. Each is ended a while later,
    as durably, so that it can last: that is load which the figure bears."""
    rates, tails = [], []
    most = max(1, int(LIVING * settings.scale / CREATING_CLIENTS))
    options = ["--cells=2", f"--max-sandboxes={LIVING}", "--max-memory-mib=1", "--memory-reservation-mib=1"]
    with servers.Strata(settings, *options) as server:
        server.apply(guests.manifest("hello", guests.example("hello-module"), "/hello", memory_mib=1))
        servers.get(server.address, "/hello")
        for _ in range(settings.repeats):
            rate, taken = create_for(server.home, CREATING_CLIENTS, most, settings.seconds)
            rates.append(rate)
            tails.append(lib.percentile(taken, 0.99))
    note = (f"{CREATING_CLIENTS} clients, {settings.seconds:.0f} s each time, of {most * CREATING_CLIENTS} that live the "
            f"oldest ended for each; one fdatasync of this disk: {lib.spread(disk_waits())} ms")
    return [lib.Figure("creations", "sandboxes made by POST /v1/sandboxes", "/s", rates, None, ">=", 2500, note),
            lib.Figure("creations", "sandboxes made by POST /v1/sandboxes, p99", "ms", tails, None, "<=", 5, note)]


@contextlib.contextmanager
def computing(cpu: str) -> Iterator[None]:
    """A process that is none of ours and wants all of a core: what the machine itself does to a neighbour."""
    with subprocess.Popen(["taskset", "-c", cpu, "sh", "-c", "while :; do :; done"], start_new_session=True) as process:
        try:
            yield
        finally:
            process.kill()


def flood(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """p99 of a tenant that asks now and then: alone, and beside one that asks for all that it can get. Both are
    behind one front; front and cells share the server's core. The quiet one's client is not made to wait for the
    other's. For comparison the same tenant beside a process that only computes there; as root, a quiet tenant whose
    workload is a container."""
    figures = []
    neighbour = guests.manifest("neighbour", guests.example("hello-c"), "/neighbour")
    neighbour["metadata"]["namespace"] = "neighbour"
    quiets = {"a quiet tenant": "/hello"}
    with (servers.Strata(settings, "--cells=1", cpus=settings.server_cpu) as server,
          tempfile.TemporaryDirectory() as where):
        server.apply(neighbour, guests.manifest("hello", guests.example("hello-c"), "/hello"))
        if os.geteuid() == 0:
            quiets["a quiet tenant in a container"] = "/container"
            server.apply(service(guests.image(settings, pathlib.Path(where), "serve"), "container"))
        for url in ("/neighbour", *quiets.values()):
            servers.get(server.address, url)

        def quiet(path: str) -> lib.Load:
            return wrk.run(server.url(path), QUIET_CONNECTIONS, QUIET_PAUSE_MS, prefix=("chrt", "-f", "10"))

        def beside(path: str, other: contextlib.AbstractContextManager) -> lib.Load:
            with other:
                return quiet(path)

        others = {f"{connections} connections of another":
                  lambda most=connections: wrk.flood(server.url("/neighbour"), most)
                  for connections in FLOOD_CONNECTIONS}
        others["a process that only computes"] = lambda: computing(settings.server_cpu)
        for (who, path), (whom, other) in itertools.product(quiets.items(), others.items()):
            taken = lib.interleave({"beside": lambda at=path, it=other: beside(at, it()),
                                    "alone": lambda at=path: quiet(at)}, settings.repeats)
            rate = lib.spread([load.per_second for load in taken["beside"]])
            figures.append(lib.Figure("flood", f"p99 of {who} beside {whom}", "ms",
                                      [load.p99 for load in taken["beside"]], [load.p99 for load in taken["alone"]],
                                      "<=", 2, f"alone; {rate} requests/s"))
    return figures


def service(image: str, name: str) -> dict:
    """A warm service in the class of this name, at the path of this name."""
    manifest = guests.manifest(name, image, f"/{name}", memory_mib=256) | {"kind": "Service"}
    manifest["spec"]["class"] = name
    del manifest["spec"]["limits"]["cpu_time_ms"]  # a server's calls share it
    return manifest


def mixed(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """p99 of wasm functions while they and warm services in two other classes each get 70 % of what they manage
    when all are asked for all they can. Everything of the server shares one core."""
    if os.geteuid() != 0:
        raise lib.Skipped("containers need root")
    tails, notes = [], []
    with servers.Strata(settings, cpus=settings.server_cpu) as server, tempfile.TemporaryDirectory() as where:
        server.apply(guests.manifest("hello", guests.example("hello-c"), "/hello"))
        image = guests.image(settings, pathlib.Path(where), "serve")
        for name in ("container", "appkernel"):
            server.apply(service(image, name))

        def load(pauses: dict[str, float]) -> dict[str, lib.Load]:
            with concurrent.futures.ThreadPoolExecutor(len(MIXED)) as pool:
                runs = {path: pool.submit(wrk.run, server.url(path), connections, pauses.get(path, 0))
                        for path, connections in MIXED.items()}
                return {path: run.result() for path, run in runs.items()}

        for _ in range(settings.repeats):
            full = load({})
            taken = load({path: 1e3 * MIXED[path] / (SHARE * each.per_second) for path, each in full.items()})
            tails.append(taken["/hello"].p99)
            notes.append(", ".join(f"{path[1:]} {taken[path].per_second:.0f} of {full[path].per_second:.0f}/s"
                                   for path in MIXED))
    return [lib.Figure("mixed", "p99 of wasm functions at 70 % load, services in two classes beside them", "ms", tails,
                       None, "<=", 20, notes[len(notes) // 2])]
