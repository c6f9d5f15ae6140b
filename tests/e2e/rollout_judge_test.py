"""What is held against a canary, and what is not."""

import re
import unittest

from e2e import guests
from e2e.forms_test import route, says
from e2e.images import guest_image
from e2e.placement_test import RECORD
from e2e.rollout_test import AnyClient, RolloutCase, SloCase, busy
from e2e.support import NOT_FOUND, USAGE, WRONG_STATE, Server, eventually, function, hello, kill

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


class ExplainTest(SloCase):
    def test_it_says_first_where_a_running_rollout_has_the_traffic(self):
        self.server.apply(self.both("first", says("wasm")))
        self.rollout("start", "first", "--to", "container", *LONG)
        explained = self.server.strata("explain", "first").stdout
        self.assertRegex(explained, r"^default/first: 50 % of its traffic goes to revision 1 in class container since \S+: a "
                                    r"rollout is running, and waits for 20 more calls of the canary, 20 more calls of the "
                                    r"stable side, \d+ s to pass\.\nThe other 50 % go to revision 1 in class wasm\.\nThe "
                                    r"newest revision was placed in class wasm: ")
        self.assertIn("The step waits for 20 more calls of the canary", self.server.strata("rollout", "status", "first").stdout)
        self.answers("/first", 20)
        top = lambda: self.server.strata("top").stdout
        for each in ("wasm", "container"):
            self.assertTrue(eventually(lambda: re.search(rf" first +{each} +1 \(50 %\) ", top())), top())
        self.rollout("promote", "first")
        self.assertRegex(self.server.strata("explain", "first").stdout,
                         r"^default/first(: 100 % of its traffic goes to revision 1| runs) in class container.* since .*: "
                         r"promoted by hand\.")

    def test_what_a_class_has_missed_since_it_was_chosen_is_said(self):
        self.server.apply(self.both("since", busy(100_000_007), slo={"p99_ms": 35}, placement="rule",
                                    requires={"performance": "high"}))
        told = self.server.json("explain", "since")
        self.assertRegex(told["decided"], r"^20\d\d-")
        self.assertEqual(told["class"], "wasm")
        client = AnyClient(self.server, "/since").start()
        self.addCleanup(client.stop)
        missed = eventually(lambda: self.server.json("explain", "since")["alternatives"][0].get("missed"))
        client.stop()
        self.assertRegex(missed, r"^slo.p99_ms is 35, missed by [\d.]+ % of \d+ calls so far$")
        self.assertRegex(self.server.strata("explain", "since").stdout, "(?m)^In class wasm by now slo.p99_ms is 35, missed by ")


class NewestTest(RolloutCase):
    """Whoever lists or applies a workload hears that its newest revision has not all of its traffic."""

    def test_it_is_said_while_a_rollout_runs_and_after_it_was_given_up(self):
        self.deploy("said", says("one"))
        newer = self.file("said", says("two"))
        self.rollout("start", "said", "--to", str(newer), "--steps", "10,100", "--interval", "1h")
        listed = lambda *words: self.server.strata(*words).stdout
        self.assertRegex(listed("get", "functions"), r" said +wasm +2 \(10 %; 1: 90 %\) ")
        applied = listed("apply", "-f", str(newer))
        self.assertIn(" unchanged ", applied)
        self.assertIn("default/said: 10 % of its traffic goes to the newest revision, the rest to revision 1: a rollout is "
                      "running; 'strata rollout status said' shows it.", applied)
        self.assertTrue(eventually(lambda: "two" in self.answers("/said", 10)))
        self.rollout("abort", "said")
        self.assertRegex(listed("get", "functions"), r" said +wasm +2 \(serves 1\) ")
        self.assertTrue(eventually(lambda: re.search(r" said +wasm +2 \(serves 1\) ", listed("top"))), listed("top"))
        self.assertEqual(self.server.json("get", "function", "said")["status"]["serving"],
                         [{"function": "said", "share": 1.0, "revision": 1, "class": "wasm"}])
        self.assertIn("all of its traffic goes to revision 1: rolled back: aborted by hand", listed("apply", "-f", str(newer)))
        third = self.file("said", says("three"))
        self.assertIn("takes its traffic from revision 1, where it was: rolled back", listed("apply", "-f", str(third)))
        self.assertRegex(listed("get", "functions"), r" said +wasm +3 ")
        self.rollout("start", "said", "--to", "1", "--steps", "10,100", "--interval", "1h")
        fourth = self.file("said", says("four"))
        dry = listed("apply", "--dry-run", "-f", str(fourth))
        self.assertIn("ends its rollout, which had given 10 % of its traffic to revision 1", dry)
        self.assertEqual(self.rollout("status", "said")["state"], "running")

    def test_a_server_that_records_no_calls_judges_none(self):
        server = Server("--no-metering", "--no-access-log").up()
        self.addCleanup(server.end)
        server.apply(hello("blind", "/blind", "default"))
        self.assert_exit(server.strata("rollout", "start", "blind", "--to", "1"), WRONG_STATE, "records none")

    def test_what_is_known_of_a_function_does_not_go_with_a_route_of_its_name(self):
        self.deploy("both", says("one"))
        self.answers("/both", 3)
        self.server.apply(route("both", {"function": "both"}, path="/other"))
        self.assertEqual(self.server.strata("delete", "route", "both").returncode, 0)
        (row,) = [row for row in self.server.json("top")["functions"] if row["name"] == "both"]
        self.assertEqual(row["requests"], 3)
        (model,) = self.server.json("explain", "both", "--models")["models"]
        self.assertEqual(model["calls"], 3)

    def test_what_is_deleted_is_in_no_list_of_live_figures(self):
        self.deploy("gone", says("one"))
        self.answers("/gone", 1)
        self.assertIn("gone", [row["name"] for row in self.server.json("top")["functions"]])
        self.server.strata("delete", "function", "gone")
        self.assertNotIn("gone", [row["name"] for row in self.server.json("top")["functions"]])


class AnewTest(RolloutCase):
    """On a server without measurements, until there are some."""

    def test_what_was_placed_without_a_record_can_be_placed_anew(self):
        guest_image(self.folder / "image", "hello")
        (self.folder / "anew.wat").write_text(says("wasm"))
        manifest = function("anew", "", "/anew", "default", slo={"cold_start_ms": 100}, variants=[
            {"artifact": str(self.folder / "anew.wat")}, {"artifact": f"oci:{self.folder / 'image'}"}])
        del manifest["spec"]["artifact"]
        [change] = self.server.apply(manifest)["changes"]
        self.assertEqual(change["placement"]["class"], "container")
        self.assertIn("run 'strata measure', then 'strata rollout start anew --to auto'", change["notes"][0])
        self.assertIn("run 'strata measure'", self.server.strata("explain", "anew").stdout)
        again = ("rollout", "start", "anew", "--to", "auto")
        self.assert_exit(self.server.strata(*again), WRONG_STATE, "stays where it is, in class container: the first of")
        self.assertEqual(self.server.api("PUT", "/v1/measurements", RECORD).status, 200)
        self.assertNotIn("strata measure'", self.server.strata("explain", "anew").stdout)
        started = self.rollout(*again[1:], "--steps", "50,100", "--interval", "1h")
        self.assertEqual((started["canary"]["class"], started["stable"]["class"]), ("wasm", "container"))
        self.assertIn("decided anew: class wasm: the only class that fits and keeps the SLO", started["because"])
        self.assertEqual(set(self.answers("/anew", 40)), {"wasm", "hello"})
        self.assertRegex(self.server.strata("rollout", "status").stdout, r"(?m)^anew +running +50 +revision 1, class wasm ")
        self.rollout("promote", "anew")
        self.assert_exit(self.server.strata(*again), WRONG_STATE, "stays where it is, in class wasm")

    def test_who_asks_for_a_class_is_said(self):
        self.deploy("asks", says("one"))
        start = ("rollout", "start", "asks", "--to")
        self.assert_exit(self.server.strata(*start, "container-in-microvm"), USAGE, "spec.within")
        self.assert_exit(self.server.strata("rollout", "status", "aske"), NOT_FOUND, "did you mean 'asks'?")
        self.assert_exit(self.server.strata("rollout", "status", "asks"), NOT_FOUND, "there is no rollout of default/asks")
        self.assertIn("--deadline: '5' is no duration", self.server.strata(*start, "1", "--deadline", "5").stderr)
        self.assertIn("--more-4xx", self.server.strata("rollout", "start", "--help").stdout)


class LostKeeperTest(SloCase):
    def test_a_class_below_the_floor_is_what_the_rollout_asks_for(self):
        self.server.apply(self.both("floor", says("wasm"), requires={"security": "medium"}))
        refused = self.server.strata("rollout", "start", "floor", "--to", "container")
        self.assert_exit(refused, WRONG_STATE, "the rollout asks for class container", "requires.security: low")
        self.assertNotIn("spec.class", refused.stderr)

    def test_a_keeper_that_crashes_is_not_held_against_the_canary_in_it(self):
        self.server.apply(self.both("crash", says("wasm"), **{"slo": {"p99_ms": 10_000}}))
        self.rollout("start", "crash", "--to", "container", *LONG, "--slower", "10000")
        client = AnyClient(self.server, "/crash").start()
        self.addCleanup(client.stop)
        self.assertTrue(eventually(lambda: self.rollout("status", "crash")["figures"]["canary"]["calls"] >= 20))
        kill(next(pid for pid, words in self.server.processes().items() if words[0].endswith("/strata-keeper")))
        self.assertTrue(eventually(lambda: self.rollout("status", "crash")["figures"]["canary"]["lost"] >= 5))
        calls = self.rollout("status", "crash")["figures"]["canary"]["calls"]
        self.assertTrue(eventually(lambda: self.rollout("status", "crash")["figures"]["canary"]["calls"] > calls))
        self.assertEqual(self.rollout("status", "crash")["state"], "running", self.rollout("status", "crash"))
        self.assertRegex(self.server.strata("rollout", "status", "crash").stdout,
                         r"Not counted: \d+ calls of the canary, lost with their keeper")


if __name__ == "__main__":
    unittest.main()
