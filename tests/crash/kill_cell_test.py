"""kill -9 of a cell under load: only its own requests fail, another takes its place."""

import os
import shutil
import signal
import sys
import time
import unittest

from crash.load import SteadyClient
from e2e import guests
from e2e.support import ServerTest, eventually, function, hello

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


class KillCellWithDirectoriesTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello("steady", "/steady"))

    def test_a_killed_cell_leaves_no_scratch_directory(self):
        writer = self.guest("writer", guests.writes_file("mine"))
        self.server.apply(function("writer", writer, "/writer",
                                   grants={"dirs": [{"guest": "/tmp", "mode": "scratch"}]}))
        before = self.server.cell_pids()
        folders = set((self.server.home / "scratch").iterdir())
        # With root they are mounts that nobody but the cell has.
        self.assertEqual(len(folders), 0 if os.geteuid() == 0 else len(before))
        for folder in folders:  # as a killed sandbox leaves it
            (folder / "left").mkdir()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.server.get("/writer").status, 200)
        self.assertTrue(eventually(lambda: not folders & set((self.server.home / "scratch").iterdir())))

    def test_a_granted_directory_that_vanished_hurts_only_its_own_function(self):
        granted = self.server.home / "granted"
        granted.mkdir()
        granted.chmod(0o755)
        (granted / "note").write_text("from the host\n")
        reader = self.guest("reader", guests.reads_file("note"))
        self.server.apply(function("reader", reader, "/reader",
                                   grants={"dirs": [{"host": str(granted), "guest": "/data", "mode": "ro"}]}))
        self.assertEqual(self.server.get("/reader").status, 200)
        shutil.rmtree(granted)
        for pid in self.server.cell_pids():
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.server.get("/steady").status, 200)
        self.assertGreaterEqual(self.server.get("/reader").status, 500)
        self.assertEqual(self.server.get("/steady").status, 200)

    def guest(self, name, text):
        file = self.server.home / f"{name}.wat"
        file.write_text(text)
        return file


class KillBehindAFrontTest(ServerTest):
    """Two namespaces on one listener: a host's death costs its own requests, a front's its connections."""

    options = ("--cells=2",)

    @classmethod
    def prepare(cls):
        cls.server.apply(hello("steady", "/one", "one"), hello("steady", "/two", "two"))

    def cells(self, role, namespace):
        return [cell["pid"] for cell in self.server.json("status")["cells"]
                if (cell["role"], cell["namespace"]) == (role, namespace)]

    def kill_under_load(self, role, namespace):
        clients = [SteadyClient(self.server, path, b"hello, world\n", CONNECTIONS).start() for path in ("/one", "/two")]
        for client in clients:
            self.addCleanup(client.stop)
            self.assertTrue(eventually(lambda client=client: min(client.answered) > 20))
        before = self.cells(role, namespace)
        os.kill(before[0], signal.SIGKILL)
        self.assertTrue(eventually(lambda: before[0] not in self.cells(role, namespace)
                                   and len(self.cells(role, namespace)) == len(before)))
        answered = [client.total() for client in clients]
        self.assertTrue(eventually(lambda: all(client.total() > count + 20 * CONNECTIONS
                                               for client, count in zip(clients, answered, strict=True))))
        for client in clients:
            client.stop()
        return clients

    def test_a_host_takes_only_what_it_had_begun_and_nothing_of_its_neighbour(self):
        one, two = self.kill_under_load("host", "one")
        for failures in one.failures:
            self.assertLessEqual(len(failures), 1, failures)
            for failure in failures:
                self.assertIn("cell-lost", failure)
        self.assertEqual(two.all_failures(), [])

    def test_a_front_takes_only_its_connections(self):
        for client in self.kill_under_load("front", ""):
            for failures in client.failures:
                self.assertLessEqual(len(failures), 1, failures)


if __name__ == "__main__":
    unittest.main()
