"""What is held against a canary, and what is not."""

import unittest

from e2e import guests
from e2e.forms_test import says
from e2e.rollout_test import AnyClient, RolloutCase, SloCase
from e2e.support import eventually, kill

LONG = ("--steps", "50,100", "--interval", "1h", "--min-calls", "20")


class AnswersTest(RolloutCase):
    def test_a_revision_that_finds_nothing_loses_its_traffic(self):
        self.deploy("lost", says("one"))
        client = AnyClient(self.server, "/lost").start()
        self.addCleanup(client.stop)
        self.rollout("start", "lost", "--to", str(self.file("lost", guests.FINDS_NOTHING)), *LONG)
        ended = self.ended("lost")
        self.assertEqual((ended["state"], ended["share"]), ("rolled back", 0))
        self.assertRegex(ended["because"], r"(\d+) of \1 calls were answered with 4xx .* of the stable side 0 of")
        self.assertEqual(set(self.answers("/lost", 20)), {"one"})

    def test_one_that_may_refuse_more_keeps_its_share_and_it_is_shown(self):
        self.deploy("picky", says("one"))
        client = AnyClient(self.server, "/picky").start()
        self.addCleanup(client.stop)
        self.rollout("start", "picky", "--to", str(self.file("picky", guests.FINDS_NOTHING)), *LONG, "--more-4xx", "1")
        self.assertTrue(eventually(lambda: self.rollout("status", "picky")["figures"]["canary"]["status_4xx"] > 40))
        self.assertEqual(self.rollout("status", "picky")["state"], "running")
        self.assertRegex(self.server.strata("rollout", "status", "picky").stdout, r"canary +0 +0 +0.00 +\d+")


class LostKeeperTest(SloCase):
    def test_a_keeper_that_crashes_is_not_held_against_the_canary_in_it(self):
        self.server.apply(self.both("crash", says("wasm"), **{"slo": {"p99_ms": 10_000}}))
        self.rollout("start", "crash", "--to", "container", *LONG, "--slower", "10000")
        client = AnyClient(self.server, "/crash").start()
        self.addCleanup(client.stop)
        self.assertTrue(eventually(lambda: self.rollout("status", "crash")["figures"]["canary"]["calls"] >= 20))

        def lost():
            for pid, words in self.server.processes().items():
                if words[0].endswith("/strata-keeper"):
                    kill(pid)
            return self.rollout("status", "crash")["figures"]["canary"]["lost"] >= 20
        self.assertTrue(eventually(lost))
        calls = self.rollout("status", "crash")["figures"]["canary"]["calls"]
        self.assertTrue(eventually(lambda: self.rollout("status", "crash")["figures"]["canary"]["calls"] > calls))
        self.assertEqual(self.rollout("status", "crash")["state"], "running", self.rollout("status", "crash"))
        self.assertRegex(self.server.strata("rollout", "status", "crash").stdout,
                         r"Not counted: \d+ calls of the canary, lost with their keeper")


if __name__ == "__main__":
    unittest.main()
