#!/usr/bin/env python3
"""What an idle sandbox costs in our own processes: PSS of manager, cells and keeper, with and without.

    STRATA_BIN=build/release/bin bench/sandbox/idle_memory.py

Every sandbox waits inside a call. Runtimes, QEMU and the guests themselves are not ours and not counted.
Then what a sandbox that waits for its call holds altogether: PSS of its own processes, and the memory of its
control group. Needs root.
"""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from crash.kill_mixed_test import HeldCall  # noqa: E402
from crash.traces import HostTraces  # noqa: E402
from e2e.images import guest_image  # noqa: E402
from e2e.support import Server, eventually, function, of_class  # noqa: E402

OURS = ("stratad", "strata-cell", "strata-keeper")
SETTLE = 4


class Host(HostTraces):
    def __init__(self, server):
        self.server = server


def pss_kib(pids):
    return sum(int(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0])
               for pid in pids)


def ours(server):
    return [pid for pid, words in server.processes().items() if words[0].rsplit("/", 1)[1] in OURS]


def measure(server, image, name, count):
    manifest = function(name, f"oci:{image.path}", f"/{name}", "default", scale={"keep_alive": "0s"},
                        **of_class(name))
    manifest["spec"]["limits"] = {"memory_mib": 64, "timeout_ms": 60_000, "cpu_time_ms": 30_000,
                                  "concurrency": 100}
    server.apply(manifest)
    HeldCall(server, name).finish()
    time.sleep(SETTLE)
    before = pss_kib(ours(server))
    calls = [HeldCall(server, name) for _ in range(count)]
    time.sleep(SETTLE)
    each = (pss_kib(ours(server)) - before) / count
    for call in calls:
        call.finish()
    print(f"{name}: {each:.1f} KiB of our processes for each of {count} idle sandboxes")


def measure_waiting(server, image, name, count):
    server.apply(function(f"{name}-waits", f"oci:{image.path}", f"/{name}-waits", "default",
                          scale={"min": count}, **of_class(name)))

    def pool():
        return server.json("describe", "function", f"{name}-waits")["status"].get("pool", {})
    if not eventually(lambda: pool().get("ready") == count, 120):
        raise AssertionError(f"{name}: {pool()}")
    time.sleep(SETTLE)
    groups = {path: pids for path, pids in Host(server).groups().items() if f"{name}-waits-warm" in path.name}
    processes = pss_kib(pid for pids in groups.values() for pid in pids) / 1024 / len(groups)
    print(f"{name}: each of {len(groups)} sandboxes that wait holds {pool()['memory_mib'] / count:.1f} MiB in its "
          f"group; PSS of its processes {processes:.1f} MiB")
    server.strata("delete", "function", f"{name}-waits")


def main():
    with tempfile.TemporaryDirectory() as folder_name:
        image = guest_image(pathlib.Path(folder_name) / "image", "echo")
        server = Server().up()
        try:
            measure(server, image, "container", 20)
            measure(server, image, "appkernel", 8)
            measure(server, image, "microvm", 5)
            measure(server, image, "container-in-microvm", 5)
            measure_waiting(server, image, "container", 16)
            measure_waiting(server, image, "appkernel", 8)
            measure_waiting(server, image, "microvm", 4)
        finally:
            print("\n".join(server.end()))


if __name__ == "__main__":
    main()
