"""A keeper is killed and the next one takes its time: its tenant waits for it, and nobody else does.

What the others change meanwhile is served at once. Calls of what is being made ready are told to come again, as
those of a keeper that is gone, and not that there is nothing of that name.
"""

import os
import pathlib
import shutil
import tempfile
import unittest

from crash.traces import HostTraces
from e2e.images import guest_image
from e2e.support import BIN, ServerTest, eventually, function, hello, kill

# A keeper that does not begin as long as the file is there.
KEEPER = """#!/bin/sh
while [ -e {hold} ]; do sleep 0.05; done
exec {keeper} "$@"
"""


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class SlowKeeperTest(HostTraces, ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-crash."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.hold = cls.folder / "hold"
        program = cls.folder / "keeper"
        program.write_text(KEEPER.format(hold=cls.hold, keeper=BIN / "strata-keeper"))
        program.chmod(0o755)
        cls.options = (f"--keeper-program={program}",)
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.image = guest_image(cls.folder / "image", "hello")
        for name in ("slow", "quick"):
            cls.server.apply(cls.image_of(name, name))

    @classmethod
    def image_of(cls, name, namespace):
        return function(name, f"oci:{cls.image.path}", f"/{name}", namespace, **{"class": "container"})

    def test_nobody_else_waits_until_it_is_there(self):
        self.assertEqual(self.server.get("/slow").text, "hello")
        self.hold.touch()
        self.addCleanup(self.hold.unlink, missing_ok=True)
        kill(next(pid for pid, words in self.server.processes().items()
                  if any(word.startswith("--keeper=k-slow-") for word in words)))
        self.assertTrue(eventually(lambda: self.server.get("/slow").status == 503))
        self.assertTrue(eventually(lambda: "starting a keeper anew" in self.server.log()))
        self.server.apply(hello("wasm", "/wasm", "quick"))
        self.assertEqual(self.server.get("/wasm").status, 200)
        self.server.apply(self.image_of("beside", "quick"))
        self.assertEqual(self.server.get("/beside").text, "hello")
        self.assertEqual(self.server.get("/quick").text, "hello")
        self.assertEqual(self.server.get("/slow").status, 503)
        self.hold.unlink()
        self.assertTrue(eventually(lambda: self.server.get("/slow").status == 200))
        self.assertEqual(self.server.get("/slow").text, "hello")


if __name__ == "__main__":
    unittest.main()
