"""kill -9 of a manager, a front, a host, a keeper or a guest's process while 50 sandboxes of all classes live.

Every sandbox is inside a call that waits for the rest of its body. At each point one process dies; then
the calls are finished, and exactly those may have failed that were inside it.
"""

import os
import pathlib
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
import unittest

from crash.traces import HostTraces
from e2e import guests
from e2e.images import guest_image
from e2e.support import PATIENCE, Server, ServerTest, eventually, function

SEED = int(os.environ.get("STRATA_SEED", "4"))
POINTS = 200 if os.environ.get("STRATA_LONG") else 20
LIVE = {"wasm": 24, "container": 14, "appkernel": 8, "microvm": 4}
VICTIMS = ("manager", "front", "host", "keeper", "guest")
ORPHAN_PATIENCE = 2.0
PART, REST = b"first half, ", b"second half"


class HeldCall:
    """A call whose guest has the first half of its body and waits for the second."""

    def __init__(self, server, name):
        self.name = name
        host, port = server.address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.port = self.socket.getsockname()[1]
        head = f"POST /{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(PART + REST)}\r\n" \
               "Connection: close\r\n\r\n"
        self.socket.sendall(head.encode() + PART)

    def finish(self):
        """None, or why it failed."""
        answer = b""
        try:
            self.socket.sendall(REST)
            while piece := self.socket.recv(65536):
                answer += piece
        except OSError as error:
            return repr(error)
        finally:
            self.socket.close()
        # Chunked or not, each half comes in one piece.
        good = (answer.startswith(b"HTTP/1.1 200") and PART in answer and REST in answer
                and answer.endswith((REST, b"\r\n0\r\n\r\n")))
        return None if good else repr(answer[-200:])


def owners(ports, pids):
    """Which of `pids` has the server's end of the connection from each of the local `ports`."""
    inodes = {}
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        inodes["socket:[" + fields[9] + "]"] = int(fields[2].rsplit(":", 1)[1], 16)  # the remote port
    found = {}
    for pid in pids:
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                port = inodes.get(os.readlink(link))
            except OSError:
                continue
            if port in ports:
                found[port] = pid
    return found


@unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
class KillMixedTest(HostTraces, ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        image = guest_image(cls.folder / "image", "echo")
        wasm = cls.folder / "echo.wat"
        wasm.write_text(guests.ECHOES)
        manifests = [function("wasm", wasm, "/wasm")]
        for name in ("container", "appkernel", "microvm"):
            manifests.append(function(name, f"oci:{image.path}", f"/{name}",
                                      scale={"keep_alive": "0s"}, **{"class": name}))
        for manifest in manifests:
            manifest["spec"]["limits"] = {"memory_mib": 64, "timeout_ms": 60_000, "cpu_time_ms": 30_000,
                                          "concurrency": 100}
        cls.server.apply(*manifests)
        cls.deployed = cls.server.resources()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    def hold(self):
        calls = [HeldCall(self.server, name) for name, count in LIVE.items() for _ in range(count)]
        wanted = sum(count for name, count in LIVE.items() if name != "wasm")
        self.assertTrue(eventually(lambda: sum(1 for pids in self.groups().values() if pids) >= wanted),
                        "the sandboxes do not come to life")
        return calls

    def victim(self, kind, rng):
        """The process to kill, and a function that says whether a call was inside it."""
        cells = {role: [cell["pid"] for cell in self.server.json("status")["cells"] if cell["role"] == role]
                 for role in ("front", "host")}
        if kind == "manager":
            return self.pids_of("stratad")[0], lambda call, owner: False
        if kind == "front":
            pid = rng.choice(cells["front"])
            return pid, lambda call, owner: owner == pid
        if kind == "host":  # which of its calls it has cannot be seen from outside
            return rng.choice(cells["host"]), lambda call, owner: call.name == "wasm"
        if kind == "keeper":
            return self.pids_of("strata-keeper")[0], lambda call, owner: call.name != "wasm"
        living = sorted((path, pids) for path, pids in self.groups().items() if pids)
        return rng.choice(living)[1][0], None

    def kill_one(self, kind, rng):
        """Kills one, and another where that one has ended by itself just then: its pidfd, and who was inside."""
        while True:
            pid, inside = self.victim(kind, rng)
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return handle, inside
            except ProcessLookupError:
                os.close(handle)

    def kill_at(self, kind, rng):
        calls = self.hold()
        time.sleep(rng.random() * 0.05)  # the point itself, from the seed
        owner_of = owners({call.port for call in calls}, self.server.cell_pids())
        handle, inside = self.kill_one(kind, rng)
        select.select([handle], [], [], PATIENCE)
        os.close(handle)
        if kind == "manager":
            self.server.up()
        start = time.monotonic()
        self.assertTrue(eventually(lambda: not self.orphans(), ORPHAN_PATIENCE), self.orphans())
        self.slowest = max(self.slowest, time.monotonic() - start)
        failures = {call: why for call in calls if (why := call.finish()) is not None}
        if inside is None:  # one guest
            self.assertLessEqual(len(failures), 1, failures.values())
        else:
            outside = [(call.name, why) for call, why in failures.items()
                       if not inside(call, owner_of.get(call.port))]
            self.assertEqual(outside, [])
        for name in LIVE:
            self.assertTrue(eventually(lambda name=name: HeldCall(self.server, name).finish() is None),
                            f"class {name} does not serve again")
        self.assertEqual(self.server.resources(), self.deployed)
        self.assertTrue(eventually(lambda: not any(self.groups().values())), "sandboxes outlive their calls")
        return len(failures)

    def test_only_calls_inside_the_killed_process_fail(self):
        rng = random.Random(SEED)
        self.slowest = 0.0
        failed = dict.fromkeys(VICTIMS, 0)
        for point in range(POINTS):
            kind = VICTIMS[point % len(VICTIMS)]
            with self.subTest(point=point, kind=kind, seed=SEED):
                failed[kind] += self.kill_at(kind, rng)
        print(f"{POINTS} points, seed {SEED}; calls lost inside: {failed}; orphans gone within "
              f"{self.slowest * 1000:.0f} ms", file=sys.stderr)
        self.assertEqual(failed["manager"], 0)


@unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
class TwoInstancesTest(ServerTest):
    """Two servers on one host: what one sweeps is its own."""

    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        image = guest_image(cls.folder / "image", "echo")
        cls.manifest = function("container", f"oci:{image.path}", "/container",
                                scale={"keep_alive": "0s"}, **{"class": "container"})
        cls.server.apply(cls.manifest)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    def test_a_killed_instance_takes_nothing_of_the_other(self):
        other = Server().up()
        other.apply(self.manifest)
        calls = [HeldCall(self.server, "container") for _ in range(4)]
        lost = [HeldCall(other, "container") for _ in range(4)]
        self.assertTrue(eventually(lambda: other.get("/container").status == 200))
        for pid in other.processes():
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: not other.processes()))
        other.up()
        self.assertEqual([call.finish() for call in calls], [None] * 4)
        self.assertTrue(all(call.finish() for call in lost))
        self.assertTrue(eventually(lambda: HeldCall(other, "container").finish() is None))
        self.assertEqual(other.end(), [])
        self.assertIsNone(HeldCall(self.server, "container").finish())


if __name__ == "__main__":
    unittest.main()
