#!/usr/bin/env python3
"""What an idle sandbox costs in our own processes: PSS of manager, cells and keeper, with and without.

    STRATA_BIN=build/release/bin bench/sandbox/idle_memory.py

Every sandbox waits inside a call. Runtimes, QEMU and the guests themselves are not ours and not counted.
Needs root.
"""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests"))
from crash.kill_mixed_test import HeldCall  # noqa: E402
from e2e.images import Image, entry, folder, tar  # noqa: E402
from e2e.support import BIN, Server, function, of_class  # noqa: E402

OURS = ("stratad", "strata-cell", "strata-keeper")
SETTLE = 4


def pss_kib(server):
    total = 0
    for pid, words in server.processes().items():
        if words[0].rsplit("/", 1)[1] in OURS:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(rollup.split("Pss:")[1].split()[0])
    return total


def measure(server, image, name, count):
    manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **of_class(name))
    manifest["spec"]["limits"] = {"memory_mib": 64, "timeout_ms": 60_000, "cpu_time_ms": 30_000,
                                  "concurrency": 100}
    server.apply(manifest)
    HeldCall(server, name).finish()
    time.sleep(SETTLE)
    before = pss_kib(server)
    calls = [HeldCall(server, name) for _ in range(count)]
    time.sleep(SETTLE)
    each = (pss_kib(server) - before) / count
    for call in calls:
        call.finish()
    print(f"{name}: {each:.1f} KiB of our processes for each of {count} idle sandboxes")


def main():
    with tempfile.TemporaryDirectory() as folder_name:
        guest = (BIN / "strata_oci_guest").read_bytes()
        image = Image(pathlib.Path(folder_name) / "image", [tar(folder("bin"), entry("bin/guest", guest))],
                      args=("/bin/guest", "echo"))
        server = Server().up()
        try:
            measure(server, image, "container", 20)
            measure(server, image, "appkernel", 8)
            measure(server, image, "microvm", 5)
            measure(server, image, "container-in-microvm", 5)
        finally:
            print("\n".join(server.end()))


if __name__ == "__main__":
    main()
