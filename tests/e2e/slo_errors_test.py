"""What is no reason to leave a class."""

import unittest

from e2e.forms_test import says
from e2e.rollout_test import AnyClient, SloCase
from e2e.support import ARTIFACTS, eventually


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


if __name__ == "__main__":
    unittest.main()
