#!/usr/bin/env python3
"""A class that gets more calls than it has sandboxes for: how many are answered, and how many sandboxes are started in vain.

    STRATA_BIN=build/release/bin bench/sandbox/full_class.py [--seconds 60] [--clients 60] [--sandboxes 2]

A Function of an image in class container (`timeout_ms: 3000`, named, so that nothing moves) under
`stratad --max-sandboxes 2`, first called by as many clients as there are sandboxes, which is what it can
serve, then by 60 that wait 0.2 s after each answer, a refusal's too. Prints calls a second that were answered with 200 and
whole (goodput), their p50 and p99, the others by status, and the sandboxes in which a guest ran for nothing. To compare two
builds, run it with each in turn. Needs root.
"""

import argparse
import collections
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from e2e.images import guest_image  # noqa: E402
from e2e.support import Server, eventually, function  # noqa: E402

PAUSE_S = 0.2


def load(server, clients, seconds, pause):
    """(answer, seconds) of each call; an answer that breaks off has no status."""
    calls, lock, end = [], threading.Lock(), time.perf_counter() + seconds

    def client():
        while (begin := time.perf_counter()) < end:
            try:
                answer = str(server.get("/f").status)
            except Exception as error:  # noqa: BLE001 - whatever it is, there was no answer
                answer = type(error).__name__
            with lock:
                calls.append((answer, time.perf_counter() - begin))
            time.sleep(pause)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def measure(server, what, clients, seconds, pause):
    seen = len(server.access_log())
    calls = load(server, clients, seconds, pause)
    eventually(lambda: len(server.access_log()) >= seen + len(calls))
    good = sorted(took for answer, took in calls if answer == "200")
    others = collections.Counter(answer for answer, _ in calls if answer != "200")
    ran = [record for record in server.access_log()[seen:] if record["run_us"] > 0]
    wasted = sum(record["status"] != 200 or record["cut_off"] for record in ran)
    at = (lambda share: good[int((len(good) - 1) * share)] * 1e3) if good else (lambda _: float("nan"))
    print(f"{what:12} {len(good) / seconds:5.1f} answered/s of {len(calls) / seconds:6.1f}  p50 {at(0.5):6.0f} ms  "
          f"p99 {at(0.99):6.0f} ms  others {dict(others)}  {wasted} of {len(ran)} sandboxes for nothing", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--sandboxes", type=int, default=2)
    flags = parser.parse_args()
    server = Server(f"--max-sandboxes={flags.sandboxes}").up()
    try:
        with tempfile.TemporaryDirectory(prefix="strata-bench.") as where:
            image = guest_image(pathlib.Path(where) / "image", "hello")
            server.apply(function("f", f"oci:{image.path}", "/f", "default", limits={"timeout_ms": 3000},
                                  scale={"keep_alive": "0s"}, **{"class": "container"}))
            server.get("/f")
            measure(server, "what it can", flags.sandboxes, flags.seconds / 4, 0)
            measure(server, "too much", flags.clients, flags.seconds, PAUSE_S)
            measure(server, "afterwards", flags.sandboxes, flags.seconds / 4, 0)
    finally:
        print("\n".join(server.end()))


if __name__ == "__main__":
    main()
