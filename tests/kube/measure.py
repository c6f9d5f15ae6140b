"""Our shim beside containerd's own for runc: how long tasks take, and what the shims of those that
stay need. The two take turns, so what else the machine does disturbs both.

    cd tests && kube/in_namespaces python3 -B -m kube.measure [TASKS]
"""

import pathlib
import statistics
import sys
import time

from kube.support import IMAGE, Node

RUNTIMES = {"strata": "io.containerd.strata.v2", "runc": "io.containerd.runc.v2"}


def run_each(node, count, *words, program):
    """Runs `count` tasks with each runtime, in turns; runtime -> seconds of each."""
    taken = {name: [] for name in RUNTIMES}
    for number in range(count):
        for name, runtime in RUNTIMES.items():
            begin = time.monotonic()
            node.must(node.ctr("run", *words, "--null-io", "--runtime", runtime, IMAGE,
                               f"{name}-{number}", *program))
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
    show("create and start", run_each(node, count, "-d", program=("sleep", "1000")))
    for name in RUNTIMES:
        pids = node.pids_of(f"containerd-shim-{name}-v2")
        print(f"shims of {count} tasks           {name:7} {sum(map(proportional_set, pids))} KiB in {len(pids)}")
    for number in range(count):
        for name in RUNTIMES:
            node.ctr("tasks", "delete", "--force", f"{name}-{number}")
            node.ctr("containers", "delete", f"{name}-{number}")
    show("create, start, wait, delete", run_each(node, count, "--rm", program=("true",)))


def main():
    node = Node().up()
    node.import_images()
    try:
        measure(node, int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    finally:
        print("\n".join(["left behind:", *left]) if (left := node.end()) else "nothing left")


if __name__ == "__main__":
    main()
