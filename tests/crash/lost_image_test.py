"""A keeper is killed while the image of what it ran is not to be had: that one waits, and says why.

What the others run is there again at once; what lost its image is when the image is back, without
anybody asking for it.
"""

import os
import pathlib
import shutil
import tempfile
import unittest

from crash.traces import HostTraces
from e2e.images import guest_image
from e2e.support import ServerTest, eventually, function, kill


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class LostImageTest(HostTraces, ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name, guest in (("lost", "hello"), ("other", "serve")):
            image = guest_image(cls.folder / name, guest)
            manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **{"class": "container"})
            cls.server.apply(manifest | ({"kind": "Service"} if guest == "serve" else {}))

    def status(self, name, kind="function"):
        return self.server.json("describe", kind, name)["status"]

    def test_it_is_served_again_when_its_image_is_back(self):
        self.assertEqual(self.server.get("/lost").text, "hello")
        self.assertNotIn("not_served", self.status("lost"))
        digest = self.status("lost")["revisions"][0]["artifact"].rsplit(":", 1)[-1]
        held = self.server.home / "images" / "images" / digest
        away = self.folder / "away"  # what is not known there is removed
        shutil.move(held, away)
        kill(self.pids_of("strata-keeper")[0])
        self.assertTrue(eventually(lambda: "image of default/lost@1" in str(self.status("lost").get("not_served"))))
        [missing] = self.status("lost")["not_served"]
        self.assertEqual((missing["revision"], missing["class"], missing["tried_again"]), (1, "container", True))
        self.assertTrue(eventually(lambda: self.server.get("/lost").problem == "not-served"))
        self.assertTrue(eventually(lambda: self.server.get("/other/count").status == 200))
        self.assertNotIn("not_served", self.status("other", "service"))
        shutil.move(away, held)
        self.assertTrue(eventually(lambda: self.server.get("/lost").status == 200))
        self.assertEqual(self.server.get("/lost").text, "hello")
        self.assertNotIn("not_served", self.status("lost"))
        said = [line for line in self.server.log().splitlines() if "tried again until it is" in line]
        self.assertEqual(len(said), 1, said)


if __name__ == "__main__":
    unittest.main()
