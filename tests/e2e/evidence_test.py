"""Which calls count when two forms of a workload are compared, or when a class is left."""

import unittest

from e2e import guests
from e2e.forms_test import route, says
from e2e.rollout_test import RolloutCase
from e2e.support import eventually, hello


class EvidenceTest(RolloutCase):
    def test_only_calls_that_were_drawn_compare_the_sides(self):
        self.deploy("aside", guests.UNREACHABLE)
        self.deploy("aside", says("two"))
        by_user = {"split": {"header": "x-user"}}
        self.server.apply(route("aside-named", {"function": "aside", "revision": 1}),
                          route("aside-tenant", {"function": "aside", "revision": 1}, path="/aside",
                                headers=[{"name": "x-tenant", "value": "acme"}]),
                          route("aside-copied", {"function": "aside"}, mirror={"function": "aside", "revision": 1}, **by_user))
        self.rollout("start", "aside", "--to", "1", "--steps", "1,100", "--interval", "1h", "--min-calls", "20")
        for listener, drawn in (("direct", 10), ("front", 20)):
            self.assertEqual(self.server.json("status")["listener"]["mode"], listener)
            for user in range(10):
                self.assertEqual(self.server.get("/aside-named").status, 502)
                self.assertEqual(self.server.get("/aside", {"x-tenant": "acme"}).status, 502)
                # None of these is one of the hundred of whom one gets the canary.
                self.assertEqual(self.server.get("/aside-copied", {"x-user": f"user-{user}"}).text, "two")
            self.assertEqual(self.server.strata("-n", "default", "invoke", "aside").stdout, "two")
            copied = lambda: [line["path"] for line in self.server.access_log()].count("/aside-copied") == 2 * drawn
            self.assertTrue(eventually(copied))
            now = self.rollout("status", "aside")
            self.assertEqual(now["state"], "running", now)
            self.assertEqual((now["figures"]["stable"]["calls"], now["figures"]["canary"]["calls"]), (drawn, 0), now)
            self.server.apply(hello("elsewhere", "/elsewhere", "elsewhere"))  # shares the listener
        self.server.strata("-n", "elsewhere", "delete", "function", "elsewhere")


if __name__ == "__main__":
    unittest.main()
