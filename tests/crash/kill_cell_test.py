"""kill -9 of a cell under load: only its own requests fail, another takes its place."""

import os
import signal
import sys
import time
import unittest

from crash.load import SteadyClient
from e2e.support import ServerTest, eventually, hello

CONNECTIONS = 8


class KillCellTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello("steady", "/steady"))

    def test_a_killed_cell_takes_only_its_own_requests_and_is_replaced(self):
        client = SteadyClient(self.server, "/steady", b"hello, world\n", CONNECTIONS).start()
        self.addCleanup(client.stop)
        self.assertTrue(eventually(lambda: min(client.answered) > 20))
        before = self.server.cell_pids()
        victim = before[0]
        answered = client.total()
        start = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        self.assertTrue(eventually(lambda: victim not in self.server.cell_pids()
                                   and len(self.server.cell_pids()) == len(before)))
        print(f"replaced within {(time.monotonic() - start) * 1000:.0f} ms, as strata status sees it", file=sys.stderr)
        self.assertTrue(eventually(lambda: client.total() > answered + 100 * CONNECTIONS))
        client.stop()
        # A connection of the dead cell breaks once; its next one is answered.
        for failures in client.failures:
            self.assertLessEqual(len(failures), 1, failures)
        self.assertEqual(set(before) - {victim}, set(before) & set(self.server.cell_pids()))
        self.assertEqual(self.server.json("status")["cellsReplaced"], 1)
        self.assertEqual(self.server.resources(), ["Function/demo/steady"])

    def test_all_cells_killed_at_once_come_back_with_the_same_address(self):
        before = self.server.cell_pids()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        # The listening sockets live on: who connects now waits for the replacement.
        self.assertEqual(self.server.get("/steady").status, 200)
        self.assertTrue(eventually(lambda: len(self.server.cell_pids()) == len(before)))
        self.assertFalse(set(before) & set(self.server.cell_pids()))

    def test_a_cell_killed_while_the_manager_is_dead_is_replaced_by_the_next_manager(self):
        before = self.server.cell_pids()
        address = self.server.address
        self.server.kill_manager()
        os.kill(before[0], signal.SIGKILL)
        self.server.up()
        self.assertEqual(self.server.address, address)
        self.assertTrue(eventually(lambda: len(self.server.cell_pids()) == len(before)))
        for _ in range(20):
            self.assertEqual(self.server.get("/steady").status, 200)


if __name__ == "__main__":
    unittest.main()
