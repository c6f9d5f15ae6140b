"""kill -9 of the manager while calls teach it: what was stored is there afterwards, and what cannot be read costs nothing else.

STRATA_LONG=1 kills 20 times (STRATA_KILLS: as often as it says).
"""

import os
import random
import sqlite3
import time
import unittest

from crash.load import SteadyClient, SteadyServerTest
from e2e.support import eventually

SEED = int(os.environ.get("STRATA_SEED", random.SystemRandom().randrange(1 << 32)))
KILLS = int(os.environ.get("STRATA_KILLS", 20 if os.environ.get("STRATA_LONG") else 3))
# What was learned is stored every ten seconds.
STORE_PATIENCE = 30
LONGEST_PAUSE = 12


class KillModelsTest(SteadyServerTest):
    SEED, KILLS = SEED, KILLS

    def models(self):
        return self.server.json("explain", "--models", "steady", "-n", "demo")["models"]

    def stored(self):
        models = self.models()
        return models and models[0]["stored"] and models[0]

    def settled(self, calls):
        """The model, once it has learned from so many calls and is stored."""
        self.assertTrue(eventually(lambda: self.models() and self.models()[0]["calls"] >= calls))
        self.assertTrue(eventually(self.stored, STORE_PATIENCE))
        return self.stored()

    def restart(self):
        self.server.kill_manager()
        self.server.up()

    def test_what_was_stored_survives_every_kill(self):
        for _ in range(20):
            self.server.get("/steady")
        before = self.settled(20)
        for _ in range(KILLS):
            client = SteadyClient(self.server, "/steady", b"hello, world\n").start()
            time.sleep(self.choices.uniform(0, LONGEST_PAUSE))
            self.restart()
            client.stop()
            self.assertEqual(client.all_failures(), [])
            now = self.settled(before["calls"])
            self.assertGreaterEqual(now["calls"], before["calls"])
            before = now
        self.restart()
        self.assertEqual(self.models(), [before], "with nothing to do, nothing changes")

    def test_what_cannot_be_read_is_dropped_and_learned_again(self):
        self.server.get("/steady")
        self.settled(1)
        self.server.kill_manager()
        with sqlite3.connect(self.server.home / "state" / "state.db") as database:
            database.execute("UPDATE models SET body = substr(body, 1, length(body) - 1)")
        database.close()
        self.server.up()
        self.assertEqual(self.models(), [])
        self.assertIn("what was learned of revisions does not read", self.server.log())
        self.server.get("/steady")
        self.assertTrue(eventually(lambda: self.models() and self.models()[0]["calls"] == 1))


if __name__ == "__main__":
    unittest.main()
