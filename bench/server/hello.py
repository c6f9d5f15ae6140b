"""HTTP hello, a fresh sandbox for each request, against other servers on the same core."""

import statistics

import guests
import lib
import servers

CONNECTIONS = (1, 64, 512)
# Half of what the slower server manages, so that neither queue is the subject.
EQUAL_LOAD_CONNECTIONS = 64
EQUAL_LOAD_PAUSE_MS = 25
SEARCH_SECONDS = 2
# What `wasmtime serve` offers that could matter to a request. A fresh instance for each request is
# what Strata gives; a reused one is quicker and carries one caller's memory to the next.
FRESH_FLAGS = {
    "none": ["--max-instance-reuse-count=1"],
    "pooling": ["-O", "pooling-allocator=y", "--max-instance-reuse-count=1"],
    "pooling, resident 64 KiB": ["-O", "pooling-allocator=y", "-O",
                                 "pooling-memory-keep-resident=65536",
                                 "--max-instance-reuse-count=1"],
    "pooling, no copy-on-write": ["-O", "pooling-allocator=y", "-O", "memory-init-cow=n",
                                  "--max-instance-reuse-count=1"],
}
REUSED_FLAGS = {
    "default": [],
    "reuse 1000": ["--max-instance-reuse-count=1000"],
    "pooling, reuse 1000": ["-O", "pooling-allocator=y", "--max-instance-reuse-count=1000"],
}


def strata(settings: lib.Settings, *options: str) -> servers.Strata:
    return servers.Strata(settings, "--cells=1", *options, cpus=settings.server_cpu)


def best_wasmtime_flags(settings: lib.Settings, wrk: lib.Wrk, tried: dict) -> list[str]:
    """Tries every set and prints what it gave; a set that the program refuses is told and left."""
    best, best_rate = [], 0.0
    for name, flags in tried.items():
        try:
            with servers.WasmtimeServe(settings, guests.example("hello-c"), flags) as peer:
                rate = wrk.run(peer.url(), 64, seconds=SEARCH_SECONDS).per_second
        except lib.BenchError as error:
            print(f"  wasmtime serve, {name}: {str(error).splitlines()[-1][:160]}", flush=True)
            continue
        print(f"  wasmtime serve, {name}: {rate:.0f}/s", flush=True)
        if rate > best_rate:
            best, best_rate = flags, rate
    return best


def component(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    artifact = guests.example("hello-c")
    fresh = best_wasmtime_flags(settings, wrk, FRESH_FLAGS)
    reused = best_wasmtime_flags(settings, wrk, REUSED_FLAGS)
    notes = {"fresh": f"wasmtime serve, fresh: {' '.join(fresh)}",
             "reused": f"wasmtime serve, reused: {' '.join(reused)}"}
    figures = []
    with strata(settings) as ours, servers.WasmtimeServe(settings, artifact, fresh) as fresh_peer, \
            servers.WasmtimeServe(settings, artifact, reused) as reused_peer:
        ours.apply(guests.manifest("hello", artifact, "/hello"))
        urls = {"ours": ours.url("/hello"), "fresh": fresh_peer.url(), "reused": reused_peer.url()}
        for connections in CONNECTIONS:
            taken = lib.interleave({name: lambda url=url: wrk.run(url, connections)
                                    for name, url in urls.items()}, settings.repeats)
            figures += [rates("component", f"wasi:http hello, {connections} connections", taken, peer,
                              3, note) for peer, note in notes.items()]
        taken = lib.interleave({name: lambda url=url: wrk.run(url, EQUAL_LOAD_CONNECTIONS,
                                                              EQUAL_LOAD_PAUSE_MS)
                                for name, url in urls.items()}, settings.repeats)
        figures += [tails("component", "wasi:http hello", taken, peer, note)
                    for peer, note in notes.items()]
    return figures


def module(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    figures = []
    with strata(settings) as ours, servers.Workerd(settings) as workerd, \
            servers.Nginx(settings) as nginx:
        ours.apply(guests.manifest("hello", guests.example("hello-module"), "/hello"))
        urls = {"ours": ours.url("/hello"), "workerd": workerd.url(), "nginx": nginx.url()}
        for connections in CONNECTIONS:
            taken = lib.interleave({name: lambda url=url: wrk.run(url, connections)
                                    for name, url in urls.items()}, settings.repeats)
            what = f"module hello, {connections} connections"
            figures.append(rates("module", what, taken, "workerd", 3, "workerd"))
            figures.append(rates("module", what, taken, "nginx", 0.5, "nginx return 200"))
        taken = lib.interleave({name: lambda url=urls[name]: wrk.run(url, EQUAL_LOAD_CONNECTIONS,
                                                                     EQUAL_LOAD_PAUSE_MS)
                                for name in ("ours", "workerd")}, settings.repeats)
        figures.append(tails("module", "module hello", taken, "workerd", "workerd"))
    return figures


def observability(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """Everything that watches a call on, against the same server with all of it off."""
    figures = []
    off = ["--no-access-log", "--no-metering", "--trace-ratio=0"]
    with strata(settings, "--trace-ratio=0.01") as on, strata(settings, *off) as without:
        for guest in ("hello-c", "hello-module"):
            for server in (on, without):
                server.apply(guests.manifest(guest, guests.example(guest), f"/{guest}"))
            urls = {"ours": on.url(f"/{guest}"), "off": without.url(f"/{guest}")}
            taken = lib.interleave({name: lambda url=url: wrk.run(url, 64)
                                    for name, url in urls.items()}, settings.repeats)
            figures.append(rates("observed", f"{guest} with all on, 64 connections", taken, "off", 0.9,
                                 "log, meter, 1 % traces on against off"))
    return figures


def hop(settings: lib.Settings, wrk: lib.Wrk) -> list[lib.Figure]:
    """The same functions behind a front cell, because another namespace has a route, and without one."""
    figures = []
    neighbour = guests.manifest("neighbour", guests.example("hello-module"), "/neighbour")
    neighbour["metadata"]["namespace"] = "neighbour"
    with strata(settings) as direct, strata(settings) as front:
        front.apply(neighbour)
        for guest in ("hello-c", "hello-module"):
            for server in (direct, front):
                server.apply(guests.manifest(guest, guests.example(guest), f"/{guest}"))
            urls = {"ours": front.url(f"/{guest}"), "direct": direct.url(f"/{guest}")}
            many, one = (lib.interleave({name: lambda url=url: wrk.run(url, connections)
                                         for name, url in urls.items()}, settings.repeats)
                         for connections in (64, 1))
            figures.append(rates("hop", f"{guest} behind a front, 64 connections", many, "direct", 0.7, "direct"))
            added = [(ours.p50 - other.p50) * 1e3 for ours, other in zip(one["ours"], one["direct"], strict=True)]
            p50 = {name: statistics.median(load.p50 for load in loads) * 1e3 for name, loads in one.items()}
            figures.append(lib.Figure("hop", f"{guest}, 1 connection: added to p50", "us", added, None, "<=", 60,
                                      f"front {p50['ours']:.0f} us, direct {p50['direct']:.0f} us"))
    return figures


def rates(row: str, what: str, taken: dict, peer: str, limit: float, note: str) -> lib.Figure:
    return lib.Figure(row, what, "/s", [load.per_second for load in taken["ours"]],
                      [load.per_second for load in taken[peer]], ">=", limit, note)


def tails(row: str, what: str, taken: dict, peer: str, note: str) -> lib.Figure:
    rate = ", ".join(f"{name} {max(load.per_second for load in loads):.0f}/s"
                     for name, loads in taken.items())
    return lib.Figure(row, f"{what}, p99 at equal offered load", "ms",
                      [load.p99 for load in taken["ours"]], [load.p99 for load in taken[peer]],
                      "<=", 1, f"{note}; {rate}")
