"""A server that has much to do: sandboxes made one after another, tenants beside each other, 70 % load."""

import concurrent.futures
import json
import os
import pathlib
import selectors
import socket
import tempfile
import time

import guests
import lib
import servers

CREATING_CLIENTS = 16
CREATED_AT_MOST = 20_000
DISK_WRITES = 200
QUIET_CONNECTIONS = 16
QUIET_PAUSE_MS = 25
FLOOD_CONNECTIONS = (64, 512)
MIXED = {"/hello": 64, "/container": 16, "/appkernel": 16}  # connections to each
SHARE = 0.7  # of what the server manages


def create_many(home: pathlib.Path, clients: int, count: int) -> tuple[float, list[float]]:
    """`count` requests for one sandbox each, over `clients` connections that each wait for their answer;
    (a second, milliseconds of each). One loop over raw sockets: an HTTP library would be slower than the server."""
    body = json.dumps({"namespace": "bench", "function": "hello", "count": 1}).encode()
    request = (b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body
    taken, asked = [], 0
    with selectors.DefaultSelector() as selector:
        start = time.perf_counter()
        for _ in range(clients):
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(home / "run" / "api.sock"))
            selector.register(one, selectors.EVENT_READ, [time.perf_counter(), b""])
            one.sendall(request)
            asked += 1
        while len(taken) < count:
            for key, _ in selector.select():
                since, before = key.data
                answer = before + key.fileobj.recv(65536)
                if not whole(answer):
                    key.data[1] = answer
                    continue
                if not answer.startswith(b"HTTP/1.1 201"):
                    raise lib.BenchError(f"POST /v1/sandboxes: {answer[:300]!r}")
                now = time.perf_counter()
                taken.append((now - since) * 1e3)
                if asked == count:
                    continue
                key.data[:] = [now, b""]
                key.fileobj.sendall(request)
                asked += 1
        seconds = time.perf_counter() - start
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    return count / seconds, taken


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
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                  if line.startswith(b"content-length:"))
    return len(body) >= length


def creations(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """Through the manager, durable before the answer; the server has the whole machine."""
    rates, tails = [], []
    count = int(CREATED_AT_MOST * settings.scale / settings.repeats)
    options = ["--cells=2", f"--max-sandboxes={CREATED_AT_MOST // 2 + 500}", "--max-memory-mib=1", "--memory-reservation-mib=1"]
    with servers.Strata(settings, *options) as server:
        server.apply(guests.manifest("hello", guests.example("hello-module"), "/hello", memory_mib=1))
        servers.get(server.address, "/hello")
        for _ in range(settings.repeats):
            rate, taken = create_many(server.home, CREATING_CLIENTS, count)
            rates.append(rate)
            tails.append(lib.percentile(taken, 0.99))
    note = f"{CREATING_CLIENTS} clients, {count} each time; one fdatasync of this disk: {lib.spread(disk_waits())} ms"
    return [lib.Figure("creations", "sandboxes made by POST /v1/sandboxes", "/s", rates, None, ">=", 2500, note),
            lib.Figure("creations", "sandboxes made by POST /v1/sandboxes, p99", "ms", tails, None, "<=", 5, note)]


def flood(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """p99 of a tenant that asks now and then: alone, and beside one that asks for all that it can get. Both are
    behind one front; front and cells share the server's core. The quiet one's client is not made to wait for the
    other's."""
    figures = []
    neighbour = guests.manifest("neighbour", guests.example("hello-c"), "/neighbour")
    neighbour["metadata"]["namespace"] = "neighbour"
    with servers.Strata(settings, "--cells=1", cpus=settings.server_cpu) as server:
        server.apply(neighbour, guests.manifest("hello", guests.example("hello-c"), "/hello"))
        for url in ("/hello", "/neighbour"):
            servers.get(server.address, url)

        def quiet() -> lib.Load:
            return wrk.run(server.url("/hello"), QUIET_CONNECTIONS, QUIET_PAUSE_MS, prefix=("chrt", "-f", "10"))

        def beside(connections: int) -> lib.Load:
            with wrk.flood(server.url("/neighbour"), connections):
                return quiet()

        for connections in FLOOD_CONNECTIONS:
            taken = lib.interleave({"beside": lambda most=connections: beside(most), "alone": quiet},
                                   settings.repeats)
            rate = lib.spread([load.per_second for load in taken["beside"]])
            figures.append(lib.Figure("flood", f"p99 of a quiet tenant beside {connections} connections of another",
                                      "ms", [load.p99 for load in taken["beside"]],
                                      [load.p99 for load in taken["alone"]], "<=", 2, f"alone; {rate} requests/s"))
    return figures


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
            service = guests.manifest(name, image, f"/{name}", memory_mib=256) | {"kind": "Service"}
            service["spec"]["class"] = name
            server.apply(service)

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
