"""kill -9 of the manager and of cells while calls run: every call that was answered is counted, and counted once.

STRATA_SEED repeats a run; STRATA_LONG=1 kills 200 times (STRATA_KILLS: as often as it says).
"""

import os
import random
import signal
import sys
import time
import unittest

from crash.load import SteadyClient, SteadyServerTest
from e2e.support import eventually, hello

SEED = int(os.environ.get("STRATA_SEED", random.SystemRandom().randrange(1 << 32)))
KILLS = int(os.environ.get("STRATA_KILLS", 200 if os.environ.get("STRATA_LONG") else 20))
CONNECTIONS = 4
# Longest pause before a kill: some fall before a batch was stored, some after.
LONGEST_PAUSE = 1.5


class KillMeterTest(SteadyServerTest):
    SEED, KILLS = SEED, KILLS
    OPTIONS = ("--cells=2",)

    def setUp(self):
        super().setUp()
        self.another = False
        self.client = SteadyClient(self.server, "/steady", b"hello, world\n", CONNECTIONS)

    def change(self):
        if self.another:
            self.server.strata("delete", "function", "another")
        else:
            self.server.apply(hello("another", "/another"))
        self.another = not self.another

    def counted(self):
        return sum(row["calls"] for row in self.server.json("cost", "-A")["rows"])

    def test_a_killed_manager_counts_no_call_twice_and_forgets_none(self):
        self.client.start()
        try:
            for _ in range(KILLS):
                time.sleep(self.choices.uniform(0, LONGEST_PAUSE))
                if self.choices.random() < 0.5:  # another list of functions, where the first one stands elsewhere
                    self.change()
                self.server.kill_manager()
                self.server.up()
        finally:
            self.client.stop()
        self.assertEqual(self.client.all_failures(), [])
        self.assertGreater(self.client.total(), KILLS)
        self.assertTrue(eventually(lambda: self.counted() == self.client.total()),
                        f"counted {self.counted()}, answered {self.client.total()}")
        # And it stays so over a restart with nothing to do.
        self.server.kill_manager()
        self.server.up()
        self.assertEqual(self.counted(), self.client.total())
        print(f"{KILLS} kills, {self.client.total()} calls, each counted once", file=sys.stderr)

    def test_a_killed_cell_costs_the_count_of_no_call_but_those_in_it(self):
        self.client.start()
        kills = max(KILLS // 4, 1)
        try:
            for _ in range(kills):
                time.sleep(self.choices.uniform(0, LONGEST_PAUSE))
                before = set(self.server.cell_pids())
                victim = self.choices.choice(sorted(before))
                os.kill(victim, signal.SIGKILL)
                self.assertTrue(eventually(lambda: self.replaced(before, victim)))
        finally:
            self.client.stop()
        counted = self.counted()
        answered = self.client.total()
        failed = len(self.client.all_failures())
        # A record is written right after the answer's last byte: a kill in between costs it, at most one for
        # each connection. A call that failed may have been counted: its answer was lost with the cell.
        self.assertGreaterEqual(counted, answered - kills * CONNECTIONS)
        self.assertLessEqual(counted, answered + failed)
        print(f"{kills} kills, {answered} calls answered, {failed} lost, {counted} counted", file=sys.stderr)

    def replaced(self, before, victim):
        now = set(self.server.cell_pids())
        return victim not in now and len(now) == len(before)


if __name__ == "__main__":
    unittest.main()
