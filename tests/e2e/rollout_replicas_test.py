"""Replicas and scale of the next manifest, which hold for the revisions that have the traffic, too."""

import os
import unittest

from e2e.images import guest_image
from e2e.rollout_test import Gated, RolloutCase
from e2e.support import documents, eventually, function


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class RolloutReplicasTest(RolloutCase, Gated):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.image = guest_image(cls.folder / "server", "serve")
        cls.hello = guest_image(cls.folder / "hello", "hello")

    def service(self, door, word, **spec):
        return self.gated("grown", self.image, door, env={"GREETING": word}, **spec)

    def function(self, word, **spec):
        return function("many", f"oci:{self.hello.path}", "/many", "default", env={"GREETING": word},
                        **{"class": "container"}, **spec)

    def answers_while_it_moves(self, before, after):
        """No call fails while a rollout to `after` begins beside what `before` made."""
        kind, name = before["kind"].lower(), before["metadata"]["name"]
        self.server.apply(before)
        self.addCleanup(self.server.strata, "delete", kind, name)
        client = self.client(f"/{name}")
        file = self.folder / f"{name}.yaml"
        file.write_text(documents(after))
        self.rollout("start", name, "--to", str(file), "--steps", "1,100", "--interval", "1h")
        begun = client.total()
        self.assertTrue(eventually(lambda: client.total() > begun + 100))
        client.stop()
        self.assertEqual(client.all_failures(), [])

    def test_a_service_with_more_replicas(self):
        door = self.gate()
        (door / "closed").unlink()
        self.answers_while_it_moves(self.service(door, "one"), self.service(door, "two", replicas=2))

    def test_a_function_with_another_scale(self):
        self.answers_while_it_moves(self.function("one"), self.function("two", scale={"max": 7}))


if __name__ == "__main__":
    unittest.main()
