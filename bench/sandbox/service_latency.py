#!/usr/bin/env python3
"""What the way to a Service costs: one small HTTP server run by hand and as a Service in every class.

    STRATA_BIN=build/release/bin bench/sandbox/service_latency.py [ROUNDS]

Each round asks each of them 400 times over one kept connection, in turn, and the first has gone before.
Prints the median of the rounds' medians, their spread, and the ratio to the server by hand. Needs root.
"""

import http.client
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from e2e.images import GUEST, guest_image  # noqa: E402
from e2e.support import Server, eventually, function  # noqa: E402

CLASSES = ("container", "appkernel", "microvm")
REQUESTS = 400


def by_hand():
    """The server without Strata: its process and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([GUEST, "serve"], env={**os.environ, "PORT": str(port)},
                               stdout=subprocess.DEVNULL)

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(listens)
    return process, port


def median_ms(connection, path):
    times = []
    for _ in range(REQUESTS):
        start = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.read() != b"hello":
            raise AssertionError(f"{path}: {answer.status}")
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    process, port = by_hand()
    server = Server().up()
    try:
        with tempfile.TemporaryDirectory() as where:
            image = guest_image(pathlib.Path(where) / "image", "serve")
            for name in CLASSES:
                manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **{"class": name})
                manifest["kind"] = "Service"
                start = time.perf_counter()
                server.apply(manifest)
                ready = (time.perf_counter() - start) * 1e3
                start = time.perf_counter()
                server.get(f"/{name}")
                first = (time.perf_counter() - start) * 1e3
                print(f"{name}: apply to ready {ready:.0f} ms, first request {first:.1f} ms")
        ways = {"by hand": (http.client.HTTPConnection("127.0.0.1", port), "/")}
        ways.update({name: (server.connect(), f"/{name}") for name in CLASSES})
        medians = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (connection, path) in ways.items():
                medians[name].append(median_ms(connection, path))
        base = statistics.median(medians["by hand"])
        for name, found in medians.items():
            middle = statistics.median(found)
            print(f"{name}: p50 {middle:.3f} ms ({min(found):.3f}-{max(found):.3f}), "
                  f"{middle / base:.2f} x by hand")
    finally:
        process.kill()
        process.wait()
        for left in server.end():
            print(left, file=sys.stderr)


if __name__ == "__main__":
    main()
