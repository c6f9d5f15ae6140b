#!/usr/bin/env python3
"""A Function's call from zero and with a sandbox that waits, over HTTP, through the whole platform.

    make bench ARGS=--list && STRATA_BIN=build/release/bin bench/sandbox/from_zero.py [ROUNDS]

From zero: wasm: the first call of a Function that nobody called, ten of them a round, before there are others;
container and microvm: a call for which a sandbox is made (`keep_alive: 0s`). Warm: a call that takes one that
waits (`min: 1`). Beside them `runc run` by hand with the config.json of the class and a root that is mounted
already. Every second round goes backwards; each step begins when the pools are full: filling them is not what is measured.
Goals: wasm from zero, p99: at most 2 ms; a container from zero: at most 1.3 times `runc run`. A machine from
zero: at most 1.3 times its plain restore, which is in microvm_start_bench. Prints p50 and p99. Needs root.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

from api_start import GUEST, ByHand, call, own_mounts, timed
from e2e.images import Image, entry, folder, tar
from e2e.support import ARTIFACTS, Server, eventually, function

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLASSES = ("container", "microvm")
WASM_A_ROUND = 10
MOST_P99 = {"wasm from zero": 2.0}
MOST_RATIO = 1.3


def verdict(value, most):
    return "" if most is None else f"  goal {most}: {'kept' if value <= most else 'MISSED'}"


def show(what, samples):
    ordered = sorted(samples)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{what:44} p50 {ordered[len(ordered) // 2]:8.2f} ms  p99 {p99:8.2f} ms  ({len(ordered)} calls)"
          f"{verdict(p99, MOST_P99.get(what))}")


def await_ready(server, name):
    def ready():
        return server.json("describe", "function", name)["status"].get("pool", {}).get("ready", 0) > 0
    if not eventually(ready):
        raise AssertionError(f"no sandbox of {name} waits")


def first_calls(server, count, times):
    server.apply(*(function(f"wasm-{turn}", ARTIFACTS / "hello-module.wasm", f"/wasm-{turn}", "default")
                   for turn in range(count)))
    for turn in range(count):
        for what in ("wasm from zero", "wasm, later calls"):
            times.setdefault(what, []).append(timed(server.get, f"/wasm-{turn}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", metavar="ROUNDS", type=int, nargs="?", default=50, help="default: 50")
    rounds = parser.parse_args().rounds
    own_mounts()
    home = pathlib.Path(tempfile.mkdtemp(prefix="strata-bench."))
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", home], check=True)
    for part in ("image/bin", "runs"):
        (home / part).mkdir(parents=True)
    (home / "image/bin/guest").write_bytes(GUEST.read_bytes())
    (home / "image/bin/guest").chmod(0o755)
    image = Image(home / "layout", [tar(folder("bin"), entry("bin/guest", GUEST.read_bytes()))],
                  args=("/bin/guest", "hello"))
    config = json.loads(subprocess.run([ROOT / "build/bench/bin/oci_config", "64", "/bin/guest", "hello"],
                                       capture_output=True, check=True).stdout)
    server = Server().up()
    times = {}
    try:
        first_calls(server, rounds * WASM_A_ROUND, times)
        for name in CLASSES:
            for kind, scale in (("zero", {"keep_alive": "0s"}), ("warm", {"min": 1})):
                server.apply(function(f"{name}-{kind}", f"oci:{image.path}", f"/{name}-{kind}", "default",
                                      scale=scale, **{"class": name}))
            call(server, f"/{name}-zero")
        hand = ByHand(home / "runs", ["runc"], config, 1)
        steps = [("container from zero", lambda: call(server, "/container-zero")),
                 ("runc run by hand", lambda: hand.run(0)),
                 ("microvm from zero", lambda: call(server, "/microvm-zero")),
                 ("container warm", lambda: call(server, "/container-warm")),
                 ("microvm warm", lambda: call(server, "/microvm-warm"))]
        for turn in range(rounds):
            for what, step in steps if turn % 2 == 0 else reversed(steps):
                for name in CLASSES:
                    await_ready(server, f"{name}-warm")
                times.setdefault(what, []).append(timed(step))
        for what, samples in times.items():
            show(what, samples)
        ratio = statistics.median(zero / alone for zero, alone in
                                  zip(times["container from zero"], times["runc run by hand"], strict=True))
        print(f"{'container from zero / runc run':44} p50 {ratio:8.2f}{verdict(ratio, MOST_RATIO)}")
    finally:
        print("\n".join(server.end()))
        subprocess.run(["umount", "-R", home], check=False)


if __name__ == "__main__":
    main()
