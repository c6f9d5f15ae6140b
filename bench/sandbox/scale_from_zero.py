#!/usr/bin/env python3
"""What a request to a Service at zero waits for, against the start of the same server by hand.

    STRATA_BIN=build/release/bin bench/sandbox/scale_from_zero.py 30 container microvm

A Service with `min: 0` is called once it is at zero: from the request to its answer. By hand the runtime (runc,
runsc) starts the same server with the config.json that the class made for it, and a plain folder as its root:
from the command to the server's line that it listens. Rounds alternate. A virtual machine goes on from a
snapshot that only the driver has: there is nothing beside it. Prints p50, p99 and ratios. Needs root.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from e2e.images import Image, entry, folder, tar  # noqa: E402
from e2e.support import BIN, Server, eventually, function  # noqa: E402

GUEST = BIN / "strata_oci_guest"
RUNTIMES = {"container": ["runc"], "appkernel": ["runsc", "--network=none"]}


class ByHand:
    """The server in the runtime, without Strata."""

    def __init__(self, where, runtime, config):
        self.runtime = [*runtime, "--root", str(where / "state")]
        self.bundle = where / "bundle"
        root = self.bundle / "rootfs"
        (root / "bin").mkdir(parents=True)
        (root / "bin" / "guest").write_bytes(GUEST.read_bytes())
        (root / "bin" / "guest").chmod(0o755)
        # Not the agent, a file that only programs beside the server need.
        config["mounts"] = [each for each in config["mounts"] if not pathlib.Path(each["source"]).is_file()]
        for mount in config["mounts"]:
            (root / mount["destination"].lstrip("/")).mkdir(parents=True, exist_ok=True)
        config["root"]["path"] = str(root)
        config["linux"]["cgroupsPath"] = "/strata-bench/scale"
        (self.bundle / "config.json").write_text(json.dumps(config))

    def start(self):
        """Milliseconds until it listens."""
        begin = time.perf_counter()
        process = subprocess.Popen([*self.runtime, "run", "--bundle", self.bundle, "scale"],
                                   stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline()
        took = (time.perf_counter() - begin) * 1e3
        if "listening" not in line:
            raise AssertionError(f"{self.runtime[0]}: {line!r}")
        subprocess.run([*self.runtime, "kill", "scale", "KILL"], check=True, capture_output=True)
        process.wait()
        subprocess.run([*self.runtime, "delete", "--force", "scale"], check=False, capture_output=True)
        return took


def config_of(server, name):
    """The config.json with which the class runs the service now: its driver's thread has mounts of its own."""
    keeper = next(pid for pid, words in server.processes().items() if words[0].endswith("/strata-keeper"))
    for thread in pathlib.Path(f"/proc/{keeper}/task").iterdir():
        run = pathlib.Path(f"{thread}/root{server.home}/run")
        for path in run.rglob("config.json"):
            if f"{name}-" in str(path.relative_to(run)):
                return json.loads(path.read_text())
    raise AssertionError(f"{name} does not run")


def until_zero(server, name):
    def scaled():
        listed = server.json("-n", "default", "get", "service", name)["status"].get("scale", {})
        sandboxes = server.json("-n", "default", "snapshot", name)["replicas"]
        return listed.get("desired") == 0 and not sandboxes
    if not eventually(scaled):
        raise AssertionError(f"{name} does not go to zero")


def first_answer(server, name):
    until_zero(server, name)
    begin = time.perf_counter()
    answer = server.get(f"/{name}")
    took = (time.perf_counter() - begin) * 1e3
    if answer.text != "hello":
        raise AssertionError(f"{name}: {answer.status} {answer.text}")
    return took


def show(what, samples, unit="ms"):
    ordered = sorted(samples)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{what:36} p50 {statistics.median(ordered):8.2f} {unit}  p99 {p99:8.2f} {unit}  "
          f"({ordered[0]:.2f}-{ordered[-1]:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=30)
    parser.add_argument("classes", nargs="*", default=["container", "appkernel", "microvm"])
    asked = parser.parse_args()
    server = Server().up()
    try:
        with tempfile.TemporaryDirectory(prefix="strata-bench.") as where:
            where = pathlib.Path(where)
            where.chmod(0o755)  # the root of the container's user namespace goes in there
            layer = tar(folder("bin"), entry("bin/guest", GUEST.read_bytes()))
            image = Image(where / "image", [layer], args=("/bin/guest", "serve"))
            for name in asked.classes:
                manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **{"class": name},
                                    scale={"max": 1, "keep_alive": "2s"})
                manifest["kind"] = "Service"
                server.apply(manifest)
                hand = name in RUNTIMES and ByHand(where / name, RUNTIMES[name], config_of(server, name))
                ours, theirs = [], []
                for turn in range(asked.rounds):
                    steps = [lambda name=name, to=ours: to.append(first_answer(server, name))]
                    if hand:
                        steps.append(lambda hand=hand, to=theirs: to.append(hand.start()))
                    for step in steps if turn % 2 == 0 else reversed(steps):
                        step()
                show(f"{name}: request at zero to answer", ours)
                if hand:
                    show(f"{name}: {RUNTIMES[name][0]} by hand", theirs)
                    show(f"{name}: ratio", [a / h for a, h in zip(ours, theirs, strict=True)], "x")
    finally:
        for left in server.end():
            print(left, file=sys.stderr)
        for group in pathlib.Path("/sys/fs/cgroup").glob("*/strata-bench"):
            group.rmdir()


if __name__ == "__main__":
    main()
