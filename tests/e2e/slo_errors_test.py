"""Which calls move traffic, which do not, and how many of them it takes."""

import unittest

from e2e import guests
from e2e.forms_test import says
from e2e.rollout_test import AnyClient, RolloutCase, SloCase
from e2e.support import ARTIFACTS, WRONG_STATE, eventually


class SloErrorsTest(SloCase):
    def test_errors_that_the_program_itself_answers_move_nothing_and_are_said(self):
        manifest = self.both("wrong", says("unused"), slo={"availability": 99})
        manifest["spec"]["variants"][0] = {"artifact": str(ARTIFACTS / "fetch.wasm")}  # TARGET is not set: 500
        self.assertEqual(self.server.apply(manifest)["changes"][0]["placement"]["class"], "wasm")
        client = AnyClient(self.server, "/wrong", 4).start()
        self.addCleanup(client.stop)
        self.assertTrue(eventually(lambda: "stays" in self.status("wrong")))
        client.stop()
        status = self.status("wrong")
        self.assertEqual(status["stays"]["why"], "no class mends what the program itself answers")
        self.assertIn("slo.availability is 99", status["stays"]["because"])
        self.assertEqual((status["class"], "rollout" in status), ("wasm", False), status)
        self.assertIn("no class mends what the program itself answers", self.server.strata("explain", "wrong").stdout)

    def test_a_class_in_which_every_call_misses_its_bound_is_left_after_few(self):
        slow = self.both("seldom", guests.sleeps(300), slo={"p99_ms": 200})
        self.assertEqual(self.server.apply(slow)["changes"][0]["placement"]["class"], "wasm")
        for _ in range(80):  # fewer than one window of a hundred
            self.assertEqual(self.server.get("/seldom").status, 200)
        moved = self.moved("seldom")
        self.assertTrue(moved)
        self.assertEqual((moved["state"], moved["canary"]["class"]), ("promoted", "container"), moved)
        self.assertRegex(moved["because"], r"slo.p99_ms is 200, and 100.0 % of its last [2-9]\d calls took longer")

    def test_what_other_classes_can_do_is_found_out_before_one_is_needed(self):
        self.server.apply(self.both("ahead", says("unused")))
        self.assertTrue(eventually(lambda: "what the classes of this host can do is known" in self.server.log()))

    def test_traffic_goes_back_to_no_revision_below_the_floor(self):
        """Of what is deployed: it was raised since."""
        self.server.apply({**(old := self.both("raised", says("one"))), "spec": {**old["spec"], "class": "container"}})
        raised = self.both("raised", says("one"), requires={"security": "medium"})
        self.assertEqual(self.server.apply(raised)["changes"][0]["placement"]["class"], "wasm")
        back = self.server.strata("rollout", "start", "raised", "--to", "1", "--steps", "100")
        self.assert_exit(back, WRONG_STATE, "raised@1 runs in class container, but requires.security: medium")
        self.assertNotIn("rollout", self.status("raised"))


class BrokenAnswersTest(RolloutCase):
    def test_a_revision_whose_answers_break_off_loses_its_traffic(self):
        self.deploy("half", says("one"))
        client = AnyClient(self.server, "/half").start()
        self.addCleanup(client.stop)
        self.rollout("start", "half", "--to", str(self.file("half", guests.BREAKS_OFF)), "--steps", "50,100",
                     "--interval", "1h", "--min-calls", "20")
        ended = self.ended("half")
        self.assertEqual((ended["state"], ended["share"]), ("rolled back", 0))
        self.assertRegex(ended["because"], r"\d+ of \d+ calls failed")
        self.assertTrue([record for record in self.server.access_log() if record["status"] == 200 and record["cut_off"]])


if __name__ == "__main__":
    unittest.main()
