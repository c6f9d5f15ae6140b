"""Our shim beside containerd's own for runc. No test: what it prints is in docs/performance.md.

    cd tests && kube/in_namespaces python3 -B -m kube.measure tasks|pods|memory|namespaces|density [COUNT]

tasks: through ctr, one after the other. pods: the start of one through Kubernetes' interface, to its container's.
memory: of the processes that manage COUNT pods. namespaces: the same of COUNT pods in 5 namespaces, with one shim for
all of them and one for each. density: COUNT wasm pods at once, and what they cost.
The sides take turns, so what else the machine does disturbs all of them. The clients' own time is in every figure, and
is printed.
"""

import concurrent.futures
import json
import pathlib
import statistics
import sys
import time

from kube import guests
from kube.http_test import component
from kube.support import CNI, IMAGE, NETWORK, OF_CONTAINER, PAUSE_COMMAND, Node, eventually

RUNTIMES = {"strata": "io.containerd.strata.v2", "runc": "io.containerd.runc.v2"}
HANDLERS = (("strata", RUNTIMES["strata"], "shim"),
            ("strata-each", RUNTIMES["strata"], "shim", "shim_per = 'namespace'"))
# What a pod runs, and by which handler.
SIDES = {"wasm": ("strata", ("/hello.wasm",)), "container": ("strata", ("sleep", "1000")),
         "runc": ("runc", ("sleep", "1000"))}
AT_ONCE = 4


# --- tasks

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


def show(what, taken):
    for name, seconds in taken.items():
        low, middle, high = statistics.quantiles(seconds, n=4)
        print(f"{what:30} {name:9} median {1000 * middle:5.0f} ms, quartiles {1000 * low:.0f}-{1000 * high:.0f}, "
              f"least {1000 * min(seconds):.0f} ({len(seconds)} times)", flush=True)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def client_alone(node, name, client, count):
    """What of each figure is the client's own time."""
    taken = []
    for _ in range(count):
        begin = time.monotonic()
        node.must(client("version"))
        taken.append(time.monotonic() - begin)
    return show(f"{name} alone", {"": taken})[""]


def measure_tasks(node, count):
    client = client_alone(node, "ctr", node.ctr, count)
    short = {name: (runtime, ("true",)) for name, runtime in RUNTIMES.items()}
    short["wasm"] = (RUNTIMES["strata"], ("/nothing.wasm",))
    medians = show("create, start, wait, delete", run_each(node, count, "--rm", programs=short))
    wasm, runc = medians["wasm"], medians["runc"]
    print(f"tasks one after the other: wasm {1 / wasm:.1f}/s, runc {1 / runc:.1f}/s: {runc / wasm:.2f} times as many, "
          f"without ctr's own time {(runc - client) / (wasm - client):.2f}")


# --- pods

def pod_files(node, name, handler, command, host_network, namespace):
    """The configurations of a pod and its container, for `crictl run`."""
    network = {"network": 2 if host_network else 0, "pid": OF_CONTAINER}
    pod, container = node.dir / f"{name}.pod", node.dir / f"{name}.container"
    pod.write_text(json.dumps({
        "metadata": {"name": name, "namespace": namespace, "uid": name, "attempt": 0},
        "hostname": "" if host_network else name, "log_directory": str(node.dir / "logs"),
        "linux": {"cgroup_parent": f"/{node.namespace}", "security_context": {"namespace_options": network}}}))
    container.write_text(json.dumps({
        "metadata": {"name": "main", "attempt": 0}, "image": {"image": IMAGE}, "command": list(command),
        "log_path": f"{name}.log", "linux": {"security_context": {"namespace_options": {"pid": OF_CONTAINER}}}}))
    return "--no-pull", "-r", handler, container, pod


def start_pod(node, name, side, host_network, handler=None, namespace="default"):
    """Seconds that it took. `handler`: another one than the side's."""
    usual, command = SIDES[side]
    handler = handler or usual
    if host_network and side == "wasm":
        command = ("/cat.wasm",)  # on the host's network only one component can have the port
    words = pod_files(node, name, handler, command, host_network, namespace)
    begin = time.monotonic()
    node.must(node.crictl("run", *words))
    return time.monotonic() - begin


def remove_pods(node):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(node.remove_pod, node.must(node.crictl("pods", "-q")).splitlines()))


# In CNI's place: the plugin itself, and when it began and ended to make a pod's interface.
TIMED_PLUGIN = """#!/bin/bash
begin=$EPOCHREALTIME
{plugin}
code=$?
if [[ $CNI_COMMAND == ADD ]]; then echo "$begin $EPOCHREALTIME" >> {times}; fi
exit $code
"""


class TimedPlugin:
    """CNI's plugin of a node, timed within what a start takes."""

    def __init__(self, node):
        (kind,) = NETWORK["plugins"]
        self.times = node.dir / "cni.times"
        wrapper = node.dir / "cni" / kind["type"]
        wrapper.parent.mkdir()
        wrapper.write_text(TIMED_PLUGIN.format(plugin=f"{CNI}/{kind['type']}", times=self.times))
        wrapper.chmod(0o755)

    def taken(self):
        lines = [line.split() for line in self.times.read_text().splitlines()]
        return [float(end) - float(begin) for begin, end in lines]


def measure_pods(node, count):
    client = client_alone(node, "crictl", node.crictl, count)
    plugin = TimedPlugin(node)
    for where, host_network in (("the host's network", True), ("CNI's bridge", False)):
        taken = {side: [] for side in SIDES}
        for number in range(count + 1):
            for side in SIDES:
                name = f"{side}-{number}-{host_network}"
                seconds = start_pod(node, name, side, host_network)
                if number > 0:  # the first one's image is unpacked, its module compiled, its shim started
                    taken[side].append(seconds)
                remove_pods(node)
        medians = show(f"start, {where}", taken)
        for side in ("wasm", "container"):
            print(f"{where}: {side} / runc {medians[side] / medians['runc']:.2f}, without crictl's own time "
                  f"{(medians[side] - client) / (medians['runc'] - client):.2f}", flush=True)
    show("of it CNI's own", {"": plugin.taken()})


# --- memory

def proportional_set(pid):
    """PSS of a process in KiB."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def proportional_sets(node, name):
    """Of all programs of that name, in KiB, and how many they are."""
    pids = node.pids_of(name)
    return sum(map(proportional_set, pids)), len(pids)


def start_pods(node, names, side, host_network):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: start_pod(node, name, side, host_network), names))


def measure_memory(node, count):
    needed = {}
    for side, (handler, _) in SIDES.items():
        if side == "wasm":
            continue
        start_pods(node, [f"{side}-{number}" for number in range(count)], side, True)
        needed[side], processes = proportional_sets(node, f"containerd-shim-{handler}-v2")
        pause = sum(words == " ".join(PAUSE_COMMAND) for words in node.processes().values())
        print(f"{count} pods, {side}: shims {needed[side]} KiB in {processes}; {pause} pause containers", flush=True)
        remove_pods(node)
    print(f"runc / strata: {needed['runc'] / needed['container']:.1f}")


NAMESPACES = 5


def measure_namespaces(node, count):
    """In turns, twice: a shim keeps what it once needed."""
    needed = {}
    for _ in range(2):
        for side in ("container", "wasm"):
            for handler in ("strata", "strata-each"):
                with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                    list(pool.map(lambda number, side=side, handler=handler: start_pod(
                        node, f"{side}-{handler}-{number}", side, True, handler, f"team-{number % NAMESPACES}"),
                        range(count)))
                needed[side, handler], shims = proportional_sets(node, "containerd-shim-strata-v2")
                print(f"{count} pods, {side}, {NAMESPACES} namespaces, {handler}: {needed[side, handler]} KiB in {shims}",
                      flush=True)
                remove_pods(node)
                if not eventually(lambda: not node.residents()):  # they end when nobody needs them
                    raise AssertionError("a shim stays")
    for side in ("container", "wasm"):
        print(f"{side}: one for each namespace / one for all {needed[side, 'strata-each'] / needed[side, 'strata']:.2f}")


# --- density

def of_memory(word):
    """A line of /proc/meminfo, in KiB."""
    (line,) = [line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith(word + ":")]
    return int(line.split()[1])


def measure_density(node, count):
    start_pods(node, ["first"], "wasm", False)
    kernel = ("Slab", "KernelStack", "PageTables", "Percpu")
    before, available = {word: of_memory(word) for word in kernel}, of_memory("MemAvailable")
    ours = {name: proportional_sets(node, name)[0] for name in ("containerd-shim-strata-v2", "strata-cell")}
    containerd = proportional_set(node.daemon.pid)
    begin = time.monotonic()
    start_pods(node, [f"dense-{number}" for number in range(count)], "wasm", False)
    took = time.monotonic() - begin
    running = len(node.must(node.crictl("ps", "-q", "--state", "running")).splitlines()) - 1
    print(f"{running} of {count} more wasm pods run after {took:.0f} s ({running / took:.1f}/s, {AT_ONCE} at once)")
    for name, already in ours.items():
        now, processes = proportional_sets(node, name)
        print(f"{name}: {(now - already) / count:.1f} KiB a pod, {processes} processes")
    print(f"containerd: {(proportional_set(node.daemon.pid) - containerd) / count:.1f} KiB a pod")
    for word in kernel:
        print(f"kernel, {word}: {(of_memory(word) - before[word]) / count:.1f} KiB a pod")
    print(f"less memory available: {(available - of_memory('MemAvailable')) / count:.1f} KiB a pod")


# name -> what, how many, and the network of pods: a bridge has 1,023 ports at most.
MEASURES = {"tasks": (measure_tasks, 50, None), "pods": (measure_pods, 20, None), "memory": (measure_memory, 50, None),
            "namespaces": (measure_namespaces, 50, None),
            "density": (measure_density, 1000, "ptp")}


def main():
    measure, count, plugin = MEASURES[sys.argv[1]]
    node = Node(HANDLERS, files={**guests.FILES, "nothing.wasm": guests.command(""),
                                 "hello.wasm": component("hello-c")})
    if plugin:
        (kind,) = NETWORK["plugins"]
        network = {**NETWORK, "plugins": [{"type": plugin, "ipam": kind["ipam"]}]}
        (node.dir / "net.d" / "10-pods.conflist").write_text(json.dumps(network))
    node.up().import_images()
    try:
        measure(node, int(sys.argv[2]) if len(sys.argv) > 2 else count)
        remove_pods(node)
    finally:
        print("\n".join(["left behind:", *left]) if (left := node.end()) else "nothing left")


if __name__ == "__main__":
    main()
