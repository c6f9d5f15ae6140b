"""kill -9 of a keeper, a manager, or of a sandbox that waits, while pools of all image classes are kept.

No call gets what was killed, the pools are filled again, and nothing is left on the host.
"""

import os
import pathlib
import random
import shutil
import sys
import tempfile
import unittest

from crash.traces import HostTraces
from e2e.images import guest_image
from e2e.support import ServerTest, eventually, function, kill

SEED = int(os.environ.get("STRATA_SEED", "5"))
POINTS = 60 if os.environ.get("STRATA_LONG") else 6
CLASSES = ("container", "appkernel", "microvm")
VICTIMS = ("keeper", "manager", "waiting")
ORPHAN_PATIENCE = 2.0


@unittest.skipUnless(os.geteuid() == 0, "the other classes need root")
class KillPoolsTest(HostTraces, ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        image = guest_image(cls.folder / "image", "hello")
        for name in CLASSES:
            cls.server.apply(function(name, f"oci:{image.path}", f"/{name}", "default",
                                      scale={"min": 1, "max": 2},
                                      grants={"http": ["api.example:80"]}, **{"class": name}))

    def waiting(self, name):
        """Groups of the sandboxes of `name` that wait, with their processes."""
        return {path: pids for path, pids in self.groups().items() if f"{name}-warm" in path.name}

    def full(self, name):
        status = self.server.json("describe", "function", name)["status"]
        return status.get("pool", {}).get("ready", 0) >= 1 and any(self.waiting(name).values())

    def kill_at(self, kind, rng):
        for name in CLASSES:
            self.assertTrue(eventually(lambda name=name: self.full(name)), name)
        before = {name: self.waiting(name) for name in CLASSES}
        victim = rng.choice(CLASSES)
        if kind == "keeper":
            kill(self.pids_of("strata-keeper")[0])
        elif kind == "manager":
            kill(self.pids_of("stratad")[0])
            self.assertEqual(self.server.get(f"/{victim}").text, "hello")  # nobody manages it
            self.server.up()
        else:
            kill(min(pid for pids in before[victim].values() for pid in pids))
        self.assertTrue(eventually(lambda: not self.orphans(), ORPHAN_PATIENCE), self.orphans())
        for name in CLASSES:
            self.assertTrue(eventually(lambda name=name: self.server.get(f"/{name}").status == 200), name)
            self.assertEqual(self.server.get(f"/{name}").text, "hello")
            if kind == "keeper":
                self.assertFalse(self.waiting(name).keys() & before[name].keys())

    def test_no_call_gets_what_was_killed(self):
        rng = random.Random(SEED)
        for point in range(POINTS):
            kind = VICTIMS[point % len(VICTIMS)]
            with self.subTest(point=point, kind=kind, seed=SEED):
                self.kill_at(kind, rng)
        print(f"{POINTS} points, seed {SEED}", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
