"""Hosts that lack a class, or lose one: what else fits is chosen."""

import os
import pathlib
import subprocess
import unittest

from e2e import guests
from e2e.forms_test import says
from e2e.placement_test import figures
from e2e.rollout_test import SloCase
from e2e.support import function

# Where src/sandbox/oci/runtime/programs.h looks for the runtimes of containers.
RUNTIMES = ("/usr/bin/crun", "/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc", "/usr/local/bin/runc")
# For who has a mount namespace of its own.
HIDE = "".join(f"mount --bind /dev/null {path} && " for path in RUNTIMES if pathlib.Path(path).exists())


@unittest.skipUnless(os.geteuid() == 0, "images need root")
class WithoutContainersTest(SloCase):
    prefix = ("unshare", "--mount", "sh", "-c", HIDE + 'exec "$0" "$@"')

    @classmethod
    def prepare(cls):
        super().prepare()
        # The container is the cheapest, as it goes first where nothing was measured.
        record = {"workload": "hello", "classes": [figures("wasm", 10, 50), figures("container", 30, 5)]}
        assert cls.server.api("PUT", "/v1/measurements", record).status == 200

    def placed(self, manifest):
        placement, = [change["placement"] for change in self.server.apply(manifest)["changes"]]
        self.assertEqual(self.server.get("/" + manifest["metadata"]["name"]).status, 200)
        lost = {each["class"]: each.get("lost", "") for each in placement["alternatives"]}
        self.assertIn("none is installed", lost["container"])
        return placement["class"]

    def test_what_is_wasm_too_runs_as_that(self):
        self.assertEqual(self.placed(self.both("either", says("wasm"))), "wasm")

    def test_an_image_runs_in_the_next_class(self):
        self.assertEqual(self.placed(function("image", f"oci:{self.folder / 'image'}", "/image", "default")), "appkernel")


@unittest.skipUnless(os.geteuid() == 0, "images need root")
class LostContainersTest(SloCase):
    prefix = ("unshare", "--mount")

    def test_a_move_passes_over_a_class_that_is_gone_since_it_was_tried(self):
        # What asks for another class has all of them tried; the container is there then.
        elsewhere = function("elsewhere", f"oci:{self.folder / 'image'}", "/elsewhere", "default", requires={"security": "medium"})
        self.assertEqual(self.server.apply(elsewhere)["changes"][0]["placement"]["class"], "appkernel")
        manager, = [pid for pid, words in self.server.processes().items() if words[0].endswith("/stratad")]
        subprocess.run(["nsenter", f"--mount=/proc/{manager}/ns/mnt", "sh", "-c", HIDE + "true"], check=True)
        slow = self.both("moves", guests.sleeps(300), slo={"p99_ms": 200})
        self.assertEqual(self.server.apply(slow)["changes"][0]["placement"]["class"], "wasm")
        for _ in range(80):
            self.assertEqual(self.server.get("/moves").status, 200)
        self.assertEqual(self.moved("moves")["canary"]["class"], "appkernel")
        self.assertIn("the next class cannot run it", self.server.log())
        self.assertEqual(self.server.get("/moves").text, "hello")


if __name__ == "__main__":
    unittest.main()
