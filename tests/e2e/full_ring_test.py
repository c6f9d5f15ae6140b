"""The ring from a cell to a manager that has stopped reading: calls are answered all the same, what found no room
is counted, and nothing is missing between what was counted and what was lost."""

import concurrent.futures
import os
import pathlib
import re
import signal
import unittest

from e2e import guests
from e2e.support import Server, eventually, function, hello

# What fits (see telemetry/ring.h): 4 MiB, lines up to three quarters of it, 256 bytes for a call.
LOUD_CALLS = 100  # 64 KiB of lines each: twice what fits
CALLS_THAT_FIT = (4 << 20) // 4 // 256 - LOUD_CALLS
AT_ONCE = 25
MORE_CALLS = 200  # half of them find no room; each waits for it for a while, so not more than needed

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$', re.MULTILINE)


class FullRingTest(unittest.TestCase):
    def setUp(self):
        self.server = Server("--cells", "1", "--trace-ratio", "0")
        self.addCleanup(self.end)
        self.server.up()
        loud = self.server.home / "loud.wat"
        loud.write_text(guests.LOUD)
        self.server.apply(hello(), function("loud", loud, "/loud"))
        self.manager = next(pid for pid, words in self.server.processes().items() if words[0].endswith("/stratad"))

    def end(self):
        left = self.server.end()
        self.assertEqual(left, [], "left on the host")

    def stop_manager(self):
        """SIGSTOP, and waits until the kernel has done it."""
        self.addCleanup(os.kill, self.manager, signal.SIGCONT)
        os.kill(self.manager, signal.SIGSTOP)
        state = pathlib.Path(f"/proc/{self.manager}/stat")
        self.assertTrue(eventually(lambda: state.read_text().rsplit(")", 1)[1].split()[0] == "T"))

    def calls(self, count, path):
        """That many on one connection; their statuses."""
        connection = self.server.connect()
        found = []
        for _ in range(count):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
        connection.close()
        return found

    def metric(self, name, labels=""):
        """The sum of a metric's series that have these labels."""
        text = self.server.api("GET", "/metrics").text
        return sum(float(value) for found, series, value in SAMPLE.findall(text)
                   if found == name and labels in series)

    def dropped(self, kind):
        return self.metric("strata_manager_records_dropped_total", f'kind="{kind}"')

    def counted(self):
        return self.metric("strata_route_requests_total")

    def test_calls_are_answered_and_what_is_lost_is_counted(self):
        self.assertEqual((self.dropped("log"), self.dropped("call")), (0, 0))
        self.stop_manager()
        statuses = self.calls(LOUD_CALLS, "/loud")
        statuses += self.calls(CALLS_THAT_FIT, "/hello")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for more in pool.map(lambda _: self.calls(1, "/hello"), range(MORE_CALLS)):
                statuses += more
        self.assertEqual(set(statuses), {200})

        os.kill(self.manager, signal.SIGCONT)
        self.assertTrue(eventually(lambda: self.counted() + self.dropped("call") == len(statuses)),
                        f"{self.counted()} counted, {self.dropped('call')} lost, {len(statuses)} made")
        lost = {kind: self.dropped(kind) for kind in ("call", "log", "span")}
        self.assertGreater(lost["call"], 0)
        self.assertLess(lost["call"], MORE_CALLS)
        self.assertGreater(lost["log"], 0)

        # Nothing is lost any more.
        self.assertEqual(set(self.calls(5, "/loud") + self.calls(5, "/hello")), {200})
        self.assertTrue(eventually(lambda: self.counted() + lost["call"] == len(statuses) + 10))
        self.assertEqual({kind: self.dropped(kind) for kind in lost}, lost)
        lines = self.server.strata("-n", "demo", "logs", "loud", "--tail", "1").stdout
        self.assertIn("x" * 100, lines)
        self.assertEqual(len(self.server.json("status")["cells"]), 1)


if __name__ == "__main__":
    unittest.main()
