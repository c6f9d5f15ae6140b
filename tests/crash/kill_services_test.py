"""kill -9 of a manager, a cell, a keeper or a replica while services of all image classes run.

What was not killed goes on, with its memory; what was is there again; nothing is left on the host.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import unittest

from crash.traces import HostTraces, started_at
from e2e.images import guest_image
from e2e.support import DONE, ServerTest, eventually, function, kill

SEED = int(os.environ.get("STRATA_SEED", "5"))
POINTS = 80 if os.environ.get("STRATA_LONG") else 8
CLASSES = ("container", "appkernel", "microvm")
VICTIMS = ("manager", "cell", "keeper", "replica")
ORPHAN_PATIENCE = 2.0


@unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
class KillServicesTest(HostTraces, ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        image = cls.image = guest_image(cls.folder / "image", "serve")
        for name in CLASSES:
            manifest = function(name, f"oci:{image.path}", f"/{name}", "default",
                                grants={"http": ["api.example:80"]}, **{"class": name})
            cls.server.apply({**manifest, "kind": "Service"})
        cls.deployed = cls.server.resources()
        cls.interfaces = sorted(os.listdir("/sys/class/net"))

    def sandboxes(self, name):
        listed = self.server.strata("snapshot", name, "-o", "json")
        there = json.loads(listed.stdout) if listed.returncode == DONE else {}
        there.pop("states", None)  # what they use changes all the time
        return there

    def count(self, name):
        """Times that its replica was asked this; None: it does not answer."""
        try:
            answer = self.server.get(f"/{name}/count")
        except OSError:
            return None
        return int(answer.text) if answer.status == 200 else None

    def victim(self, kind, rng):
        if kind == "manager":
            return self.pids_of("stratad")[0], ()
        if kind == "cell":
            return rng.choice(self.server.cell_pids()), ()
        if kind == "keeper":
            return self.pids_of("strata-keeper")[0], CLASSES
        name = rng.choice(("container", "appkernel"))  # a machine's replica is QEMU, named after it
        ids = self.sandboxes(name)["replicas"]
        groups = [pids for path, pids in self.groups().items() if f"-{ids[0]}" in path.name and pids]
        return min(groups[0], key=started_at), (name,)  # the first one; numbers begin anew at some time

    def kill_at(self, kind, rng):
        self.assert_exit(self.server.strata("fork", "microvm"), DONE)
        before = {name: (self.sandboxes(name), self.count(name)) for name in CLASSES}
        self.assertNotIn(None, [count for _, count in before.values()])
        pid, lost = self.victim(kind, rng)
        network = os.readlink(f"/proc/{pid}/ns/net")
        kill(pid)
        if kind == "manager":
            self.assertEqual(self.count("container"), before["container"][1] + 1)  # nobody manages it
            before["container"] = (before["container"][0], before["container"][1] + 1)
            self.server.up()
        self.assertTrue(eventually(lambda: not self.orphans(), ORPHAN_PATIENCE), self.orphans())
        if kind == "keeper":  # with it the interfaces and rules in it
            self.assertTrue(eventually(lambda: network not in self.networks(), ORPHAN_PATIENCE))
        for name, (sandboxes, count) in before.items():
            found = []
            self.assertTrue(eventually(lambda name=name, found=found:
                                       found.append(self.count(name)) or found[-1] is not None),
                            f"{name} does not serve again")
            if name in lost:
                self.assertTrue(eventually(lambda name=name: self.sandboxes(name).get("replicas")))
                now = self.sandboxes(name)
                self.assertEqual((now["forks"], now["snapshots"]), ([], []))
                # A call that broke off may have been counted.
                self.assertLessEqual(found[-1], len(found), f"{name} does not begin anew")
            else:
                self.assertEqual(found[-1], count + 1)  # a failed try was not in it
                self.assertEqual(self.sandboxes(name), sandboxes)
        for fork in self.sandboxes("microvm")["forks"]:
            self.assertEqual(self.server.strata("fork", "microvm", "--end", fork).returncode, DONE)
        self.assertTrue(eventually(lambda: not self.sandboxes("microvm")["forks"]))
        self.assertEqual(self.server.resources(), self.deployed)
        self.assertEqual(sorted(os.listdir("/sys/class/net")), self.interfaces)

    def test_what_was_not_killed_goes_on(self):
        for name in CLASSES:  # also after a test that killed their keeper
            self.assertTrue(eventually(lambda name=name: self.count(name) is not None), name)
        rng = random.Random(SEED)
        for point in range(POINTS):
            kind = VICTIMS[point % len(VICTIMS)]
            with self.subTest(point=point, kind=kind, seed=SEED):
                self.kill_at(kind, rng)
        print(f"{POINTS} points, seed {SEED}", file=sys.stderr)

    # --- what scales

    def request(self, name):
        """Its answer; None: the connection broke with what was killed."""
        try:
            return self.server.get(f"/{name}").text
        except OSError:
            return None

    def scaled(self, name):
        """Groups of its sandboxes in which something runs."""
        return [path for path, pids in self.groups().items() if f"-{name}-" in path.name and pids]

    def kill(self, program):
        kill(self.pids_of(program)[0])
        if program == "stratad":
            self.server.up()

    def test_what_scales_comes_back_from_zero_and_goes_there_again(self):
        manifest = function("zero", f"oci:{self.image.path}", "/zero", "default",
                            scale={"max": 1, "keep_alive": "1s"}, **{"class": "container"},
                            health={"readiness": {"tcpSocket": {}, "initial_delay_ms": 700, "period_ms": 100}})
        self.server.apply({**manifest, "kind": "Service"})
        self.addCleanup(self.server.strata, "delete", "service", "zero")
        for program in ("stratad", "strata-keeper"):
            for moment in ("at zero", "coming up", "going down"):
                with self.subTest(program=program, moment=moment):
                    self.assertTrue(eventually(lambda: not self.scaled("zero")))
                    self.kill_at_moment(program, moment)
                    self.assertTrue(eventually(lambda: not self.orphans(), ORPHAN_PATIENCE), self.orphans())
                    self.assertTrue(eventually(lambda: self.request("zero") == "hello"))

    def kill_at_moment(self, program, moment):
        if moment == "at zero":
            self.kill(program)
            self.assertEqual(self.scaled("zero"), [])
            return
        asks = threading.Thread(target=self.request, args=("zero",))
        asks.start()
        self.assertTrue(eventually(lambda: self.scaled("zero")))
        if moment == "going down":
            asks.join()
            # From when it is taken out of turn to its end there are milliseconds: near is all one can be.
            self.assertTrue(eventually(lambda: "scaled from 1 to 0" in self.last_decision()))
        self.kill(program)
        asks.join()

    def last_decision(self):
        lines = self.server.strata("logs", "zero", "-n", "default").stdout.splitlines()
        decisions = [line for line in lines if "scaled from" in line]
        return decisions[-1] if decisions else ""


if __name__ == "__main__":
    unittest.main()
