"""An undo that meets the end of the time for which both sides of its rollout are kept ready."""

import os
import signal
import time
import unittest

from e2e.forms_test import says
from e2e.images import guest_image
from e2e.rollout_test import Gated, RolloutCase
from e2e.support import DONE, documents, function, hello

KEPT = 5  # seconds, after a rollout's end: kSettled


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class RolloutUndoTest(RolloutCase, Gated):
    def service(self, word):
        """One of an image of its own: what is let go of takes that along."""
        image = guest_image(self.folder / f"{word}-server", "serve", word)
        manifest = function("back", f"oci:{image.path}", "/back", "default")
        file = self.folder / f"{word}.yaml"
        file.write_text(documents({**manifest, "kind": "Service"}))
        return str(file)

    def test_the_other_side_is_let_go_of_while_an_undo_waits_for_its_turn(self):
        self.server.apply(hello("slow", "/slow", "other"))
        self.assert_exit(self.server.strata("apply", "-f", self.service("one")), DONE)
        self.rollout("start", "back", "--to", self.service("two"), "--steps", "50,100", "--interval", "1h")
        self.rollout("promote", "back")
        promoted = time.monotonic()
        time.sleep(KEPT - 2)
        # A change that takes its time keeps all others waiting, of which the first lets go.
        cells = [cell["pid"] for cell in self.server.json("status")["cells"] if cell["namespace"] == "other"]
        for pid in cells:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(os.kill, pid, signal.SIGCONT)
        (self.folder / "changed.wat").write_text(says("changed"))
        file = self.folder / "changed.yaml"
        file.write_text(documents(function("slow", self.folder / "changed.wat", "/slow", "other")))
        applying = self.begin("apply", "-f", str(file))
        time.sleep(promoted + KEPT + 0.5 - time.monotonic())
        undoing = self.begin("rollout", "undo", "back")
        time.sleep(1.5)
        self.assertIsNone(applying.poll())
        self.assertIsNone(undoing.poll())
        client = self.client("/back")
        for pid in cells:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual((applying.wait(), undoing.wait()), (0, 0))
        self.assertEqual(self.rollout("status", "back")["because"], "undone by hand")
        self.answers("/back", 20)
        client.stop()
        self.assertEqual(client.all_failures(), [])


if __name__ == "__main__":
    unittest.main()
