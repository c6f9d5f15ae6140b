#!/usr/bin/env python3
"""What one process per call costs through the whole platform, against the runtime by hand.

    make bench ARGS=--list && STRATA_BIN=build/release/bin bench/sandbox/api_start.py [ROUNDS]

A Function of class container or appkernel is called over HTTP, which makes a sandbox, runs a program that
ends at once, and removes it. By hand `runc run` or `runsc run` does the same with the config.json of that
class and a root that is mounted already. Then 50 calls at once against the best of
`xargs -P {1,2,4,8} runc run` over 50 bundles. Rounds alternate. Prints medians, spread and ratios; no CNI
on either side. Needs root.
"""

import concurrent.futures
import ctypes
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from e2e.images import GUEST, guest_image  # noqa: E402
from e2e.support import Server, function  # noqa: E402

AT_ONCE = 50
RUNTIMES = {"container": ["runc"], "appkernel": ["runsc", "--network=none"]}
CLONE_NEWNS, MS_REC, MS_SLAVE = 0x20000, 0x4000, 0x80000


def own_mounts():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None) != 0:
        raise OSError(ctypes.get_errno(), "own mount namespace")


def call(server, path):
    connection = server.connect()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if body != b"hello":
        raise AssertionError(f"{path}: {answer.status} {body!r}")


class ByHand:
    """Bundles with a mounted root each, and the runtime."""

    def __init__(self, root, runtime, config, count):
        self.root, self.runtime = root, runtime
        self.bundles = []
        for number in range(count):
            bundle = root / f"b{number}"
            for part in ("upper", "work", "rootfs"):
                (bundle / part).mkdir(parents=True)
            subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                            f"lowerdir={root.parent / 'image'},upperdir={bundle / 'upper'},"
                            f"workdir={bundle / 'work'}", bundle / "rootfs"], check=True)
            mine = json.loads(json.dumps(config))
            mine["root"]["path"] = str(bundle / "rootfs")
            mine["linux"]["cgroupsPath"] = f"/strata-bench/b{number}"
            (bundle / "config.json").write_text(json.dumps(mine))
            self.bundles.append(bundle)

    def run(self, number):
        subprocess.run([*self.runtime, "--root", self.root / "state", "run", "--bundle",
                        self.bundles[number], f"b{number}"], check=True, capture_output=True)

    def at_once(self, parallel):
        names = "\n".join(bundle.name for bundle in self.bundles)
        subprocess.run(["xargs", "-P", str(parallel), "-I", "{}", *self.runtime, "--root",
                        self.root / "state", "run", "--bundle", f"{self.root}/{{}}", "{}"],
                       input=names, text=True, check=True, stdout=subprocess.DEVNULL)


def timed(what, *arguments):
    start = time.perf_counter()
    what(*arguments)
    return (time.perf_counter() - start) * 1e3


def show(what, samples, unit="ms"):
    print(f"{what:44} {statistics.median(samples):9.2f} {unit} ({min(samples):.2f}-{max(samples):.2f})")


def all_at_once(server, path, many):
    """50 calls at once, against the best way to start 50 by hand."""
    api, hand = [], {parallel: [] for parallel in (1, 2, 4, 8)}

    def through_api():
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda _: call(server, path), range(AT_ONCE)))

    for _ in range(9):
        api.append(timed(through_api))
        for parallel, found in hand.items():
            found.append(timed(many.at_once, parallel))
    best = min(hand, key=lambda parallel: statistics.median(hand[parallel]))
    show(f"{AT_ONCE} at once: through the API", api)
    show(f"{AT_ONCE} at once: xargs -P {best}, the best of {list(hand)}", hand[best])
    show(f"{AT_ONCE} at once: ratio", [a / h for a, h in zip(api, hand[best], strict=True)], "")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    own_mounts()
    home = pathlib.Path(tempfile.mkdtemp(prefix="strata-bench."))
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", home], check=True)
    (home / "image" / "bin").mkdir(parents=True)
    (home / "image" / "bin" / "guest").write_bytes(GUEST.read_bytes())
    (home / "image" / "bin" / "guest").chmod(0o755)
    image = guest_image(home / "layout", "hello")
    config = json.loads(subprocess.run([ROOT / "build/bench/bin/oci_config", "64", "/bin/guest", "hello"],
                                       capture_output=True, check=True).stdout)
    server = Server().up()
    try:
        for name, runtime in RUNTIMES.items():
            limits = {"timeout_ms": 60_000, "concurrency": AT_ONCE, "memory_mib": 64}
            server.apply(function(name, f"oci:{image.path}", f"/{name}", "default", limits=limits,
                                  scale={"keep_alive": "0s"}, **{"class": name}))
            many = ByHand(home / name, runtime, config, AT_ONCE)
            call(server, f"/{name}")
            api, hand = [], []
            for turn in range(rounds):
                steps = [lambda: api.append(timed(call, server, f"/{name}")),
                         lambda: hand.append(timed(many.run, 0))]
                for step in steps if turn % 2 == 0 else reversed(steps):
                    step()
            show(f"{name}: through the API", api)
            show(f"{name}: {runtime[0]} run by hand", hand)
            show(f"{name}: ratio", [a / h for a, h in zip(api, hand, strict=True)], "")
            if name == "container":
                all_at_once(server, f"/{name}", many)
    finally:
        print("\n".join(server.end()))
        subprocess.run(["umount", "-R", home], check=False)


if __name__ == "__main__":
    main()
