"""A class that gets many more calls than it has sandboxes for goes on answering what it can."""

import collections
import os
import unittest

from e2e.pools_test import PoolsCase

CLIENTS = 120
CALLS_EACH = 6


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class FullClassTest(PoolsCase):
    """There is room for two sandboxes of a class: all clients at once would wait for longer than their calls may take."""

    options = ("--max-sandboxes=2",)

    def test_who_is_too_much_is_refused_and_nobody_gets_a_sandbox_too_late(self):
        self.deploy("crowd", "hello", scale={"keep_alive": "0s"}, limits={"timeout_ms": 3000}, **{"class": "container"})
        for _ in range(10):  # how long they take
            self.assertEqual(self.server.get("/crowd").status, 200)
        answers = [answer for each in self.together(self.calls, CLIENTS) for answer in each]
        by_status = collections.Counter(answer.status for answer in answers)
        refused = [answer for answer in answers if answer.status == 503]
        self.assertEqual(set(by_status) - {200, 503, 504}, set(), by_status)
        self.assertTrue(refused, by_status)
        self.assertTrue(all("Retry-After" in answer.headers for answer in refused))
        self.assertLessEqual(by_status[504], by_status[200] // 5, by_status)
        self.assertEqual(self.server.get("/crowd").text, "hello")
        logged = self.server.strata("logs", "crowd").stdout
        self.assertRegex(logged, "the line has been too long for a while|which is what such calls take")

    def calls(self):
        return [self.server.get("/crowd") for _ in range(CALLS_EACH)]


if __name__ == "__main__":
    unittest.main()
