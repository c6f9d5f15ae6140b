"""Our shim beside containerd's own for runc: how long tasks take, and what the shims of those that
stay need; and a wasm command beside a container that does as little. They take turns, so what else the
machine does disturbs all of them.

    cd tests && kube/in_namespaces python3 -B -m kube.measure [TASKS]
"""

import pathlib
import statistics
import sys
import time

from kube import guests
from kube.support import IMAGE, Node

RUNTIMES = {"strata": "io.containerd.strata.v2", "runc": "io.containerd.runc.v2"}
NOTHING = {"nothing.wasm": guests.command("")}


def run_each(node, count, *words, programs):
    """Runs `count` tasks of each of `programs` (name -> runtime and command), in turns; name -> seconds of
    each."""
    taken = {name: [] for name in programs}
    for number in range(count):
        for name, (runtime, command) in programs.items():
            begin = time.monotonic()
            node.must(node.ctr("run", *words, "--null-io", "--runtime", runtime, IMAGE,
                               f"{name}-{number}", *command))
            taken[name].append(time.monotonic() - begin)
    return taken


def proportional_set(pid):
    """PSS of a process in KiB."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def show(what, taken):
    for name, seconds in taken.items():
        print(f"{what:28} {name:7} median {1000 * statistics.median(seconds):5.0f} ms, "
              f"least {1000 * min(seconds):5.0f} ms")


def measure(node, count):
    sleeping = {name: (runtime, ("sleep", "1000")) for name, runtime in RUNTIMES.items()}
    show("create and start", run_each(node, count, "-d", programs=sleeping))
    for name in RUNTIMES:
        pids = node.pids_of(f"containerd-shim-{name}-v2")
        print(f"shims of {count} tasks           {name:7} {sum(map(proportional_set, pids))} KiB in {len(pids)}")
    for number in range(count):
        for name in RUNTIMES:
            node.ctr("tasks", "delete", "--force", f"{name}-{number}")
            node.ctr("containers", "delete", f"{name}-{number}")
    short = {name: (runtime, ("true",)) for name, runtime in RUNTIMES.items()}
    short["wasm"] = (RUNTIMES["strata"], ("/nothing.wasm",))
    taken = run_each(node, count, "--rm", programs=short)
    show("create, start, wait, delete", taken)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(f"tasks one after the other       wasm {1 / medians['wasm']:.1f}/s, runc {1 / medians['runc']:.1f}/s: "
          f"{medians['runc'] / medians['wasm']:.2f} times as many, ctr's own time included")


def main():
    node = Node(files=NOTHING).up()
    node.import_images()
    try:
        measure(node, int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    finally:
        print("\n".join(["left behind:", *left]) if (left := node.end()) else "nothing left")


if __name__ == "__main__":
    main()
