#!/usr/bin/env python3
"""Calls that follow each other, and whether they find a sandbox that waits.

    STRATA_BIN=build/release/bin bench/sandbox/refill.py [CALLS]

A Function of class container with `min: 1` is called by one client without a pause, with 50 ms between its
calls, and with 300 ms; then by eight clients at once. Prints p50 and p99 of a call, calls a second, and the
share that waited for a sandbox (`cold`). To compare two builds, run it with each in turn. Needs root.
"""

import concurrent.futures
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from e2e.images import guest_image  # noqa: E402
from e2e.support import Server, eventually, function  # noqa: E402

CASES = (("one client", 1, 0.0), ("one client, 50 ms apart", 1, 0.05), ("one client, 300 ms apart", 1, 0.3),
         ("eight clients", 8, 0.0))


def one_after_another(server, calls, pause):
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        answer = server.get("/f")
        times.append((time.perf_counter() - begin) * 1e3)
        if answer.text != "hello":
            raise AssertionError(f"{answer.status} {answer.text}")
        time.sleep(pause)
    return times


def case(server, what, clients, pause, calls):
    seen = len(server.access_log())
    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        each = pool.map(lambda _: one_after_another(server, calls // clients, pause), range(clients))
        times = sorted(took for part in each for took in part)
    rate = len(times) / (time.perf_counter() - begin)
    eventually(lambda: len(server.access_log()) >= seen + len(times))
    cold = sum(record["cold"] for record in server.access_log()[seen:])
    print(f"{what:26} p50 {times[len(times) // 2]:7.1f} ms  p99 {times[int(len(times) * 0.99)]:7.1f} ms  "
          f"{rate:6.1f}/s  {cold / len(times):4.0%} cold")


def main():
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    server = Server().up()
    try:
        with tempfile.TemporaryDirectory(prefix="strata-bench.") as where:
            image = guest_image(pathlib.Path(where) / "image", "hello")
            server.apply(function("f", f"oci:{image.path}", "/f", "default", scale={"min": 1}, **{"class": "container"}))
            server.get("/f")
            for what, clients, pause in CASES:
                case(server, what, clients, pause, calls)
    finally:
        print("\n".join(server.end()))


if __name__ == "__main__":
    main()
