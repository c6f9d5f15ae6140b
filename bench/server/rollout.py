"""How fast traffic leaves a side that is given up, and what a hundred moves between classes cost it."""

import http.client
import os
import pathlib
import socket
import tempfile
import threading
import time

import guests
import lib
import servers

CLIENTS = 8
SWITCHES = 100
SETTLE_SECONDS = 0.2
ANSWERING = """(module
  (memory (export "memory") 2)
  (func (export "strata_alloc") (param i32) (result i32) (i32.const 65536))
  (global (export "strata_text") i32 (i32.const 1))
  (data (i32.const 0) "%s")
  (func (export "strata_handle") (param i32 i32) (result i64) (i64.const 3)))
"""


class Clients:
    """Threads that call one path all the time and remember when they sent what the bad side answered."""

    def __init__(self, address: str, path: str, bad: bytes, threads: int = CLIENTS) -> None:
        host, port = address.rsplit(":", 1)
        self._where = (host, int(port))
        self._path = path
        self._bad = bad
        self.last_bad = 0.0
        self.calls = 0
        self.failed = 0
        self.first_failure = ""
        self._stopping = False
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection(*self._where)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not self._stopping:
            sent = time.monotonic()
            try:
                connection.request("GET", self._path)
                answer = connection.getresponse()
                body, status = answer.read(), answer.status
            except (OSError, http.client.HTTPException) as error:  # the next request connects anew
                body, status = b"", repr(error)
                connection.close()
            self.calls += 1
            if status != 200:
                self.failed += 1
                self.first_failure = self.first_failure or f", the first: {status}"
            if body == self._bad:
                self.last_bad = max(self.last_bad, sent)
        connection.close()


class Rollbacks:
    """A server with a function of two revisions, whose rollout is given up again and again. A neighbour in
    another namespace makes its listener one of fronts, and is called all the while."""

    def __init__(self, settings: lib.Settings, has_neighbour: bool) -> None:
        self._server = servers.Strata(settings)
        self._has_neighbour = has_neighbour
        self.calls = 0
        self.failed = 0
        self.first_failure = ""

    def __enter__(self) -> "Rollbacks":
        self._server.__enter__()
        with tempfile.TemporaryDirectory() as where:
            for name in ("two", "one"):  # the last one is current
                module = pathlib.Path(where) / f"{name}.wat"
                module.write_text(ANSWERING % name)
                self._server.apply(guests.manifest("f", module, "/f"))
            neighbour = guests.manifest("f", module, "/neighbour")
            neighbour["metadata"]["namespace"] = "neighbour"
            if self._has_neighbour:
                self._server.apply(neighbour)
        return self

    def __exit__(self, *_) -> None:
        self._server.__exit__()

    def take(self) -> float:
        """Milliseconds from the request to give the canary up until the last request is sent that it still
        answers, at half of the traffic. The way to the manager and its commit to disk are in it."""
        clients = Clients(self._server.address, "/f", b"two")
        all_clients = [clients]
        if self._has_neighbour:
            all_clients.append(Clients(self._server.address, "/neighbour", b"", threads=1))
        try:
            self._server.api().call("POST", "/v1/rollouts/bench/f",
                                    {"to": {"revision": 1}, "steps": [50, 100], "min_calls": 10**9})
            time.sleep(SETTLE_SECONDS)
            api = self._server.api()
            api.connect()
            start = time.monotonic()
            api.call("POST", "/v1/rollouts/bench/f/abort")
            time.sleep(SETTLE_SECONDS)
        finally:
            for each in all_clients:
                each.stop()
                self.calls += each.calls
                self.failed += each.failed
                self.first_failure = self.first_failure or each.first_failure
        return max(clients.last_bad - start, 0) * 1e3

    def note(self, taken: list[float]) -> str:
        return (f"{self.calls} calls, {self.failed} failed{self.first_failure}, "
                f"p90 {lib.percentile(taken, 0.9):.2f} ms")


def rollback(settings: lib.Settings, _: lib.Wrk) -> list[lib.Figure]:
    """Rollbacks of a server with one namespace and of one with two, in turns."""
    with Rollbacks(settings, has_neighbour=False) as one, Rollbacks(settings, has_neighbour=True) as two:
        taken = lib.interleave({"one": one.take, "two": two.take}, 10 * settings.repeats)
        ratios = [b / a for a, b in zip(taken["one"], taken["two"], strict=True) if a > 0]
        beside = f", {lib.spread(ratios)} times as long as with one" if ratios else ""
        return [lib.Figure("rollback", "rollback to the last request of the bad side", "ms", taken["one"], None,
                           "<=", 10, one.note(taken["one"])),
                lib.Figure("rollback", "the same with two namespaces, behind fronts", "ms", taken["two"], None,
                           "<=", 10, two.note(taken["two"]) + beside)]


def switches(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """wrk through a hundred moves of its route between a container and wasm."""
    if os.geteuid() != 0:
        raise lib.Skipped("containers need root")
    with servers.Strata(settings) as server, tempfile.TemporaryDirectory() as where:
        module = pathlib.Path(where) / "hello.wat"
        module.write_text(ANSWERING % "yes")
        image = guests.image(settings, pathlib.Path(where), "hello")
        function = guests.manifest("f", module, "/unused", memory_mib=64)
        del function["spec"]["artifact"]
        function["spec"]["variants"] = [{"artifact": str(module)}, {"artifact": image}]
        server.apply(function)
        server.apply(route("wasm"))
        seen: list[lib.Load] = []
        seconds = 0.25 * SWITCHES
        load = threading.Thread(target=lambda: seen.append(wrk.run(
            f"http://{server.address}/f", CLIENTS, seconds=seconds)))
        load.start()
        moves = []
        for number in range(SWITCHES):
            start = time.monotonic()
            server.apply(route("container" if number % 2 == 0 else "wasm"))
            moves.append((time.monotonic() - start) * 1e3)
            time.sleep(max(0.0, seconds / SWITCHES - (time.monotonic() - start)))
        load.join()
    if not seen:
        raise lib.BenchError("wrk gave no result")
    note = f"{seen[0].requests} requests; a move takes {lib.spread(moves, 'ms')}"
    return [lib.Figure("switches", f"failed requests in {SWITCHES} moves between classes", "", [seen[0].failed],
                       None, "<=", 0, note)]


def route(name: str) -> dict:
    return {"apiVersion": "strata.dev/v1alpha1", "kind": "Route", "metadata": {"name": "r", "namespace": "bench"},
            "spec": {"path": "/f", "backends": [{"function": "f", "class": name}]}}
