"""One workload as a wasm module and as a container image: which of the two runs, and moves between them."""

import os
import pathlib
import shutil
import tempfile
import time
import unittest

from crash.load import SteadyClient
from e2e import guests
from e2e.images import guest_image
from e2e.placement_test import RECORD
from e2e.support import NOT_FOUND, Server, ServerTest, eventually, function

# Both say the same, so that a caller cannot tell which of them answered.
HELLO = guests.web_module("(i64.const 5)", '(data (i32.const 0) "hello")')


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class VariantsTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-variants."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "hello.wasm").write_text(HELLO)
        cls.image = guest_image(cls.folder / "image", "hello")
        answer = cls.server.api("PUT", "/v1/measurements", RECORD)
        assert answer.status == 200, answer.text

    def both(self, name="hello", wasm="hello.wasm", image="image", **spec):
        manifest = function(name, "", f"/{name}", "default", **spec)
        del manifest["spec"]["artifact"]
        manifest["spec"]["variants"] = [{"artifact": str(self.folder / wasm)},
                                        {"artifact": f"oci:{self.folder / image}"}]
        return manifest

    def status(self, name):
        return self.server.json("describe", "function", name)["status"]

    def placed(self, manifest):
        """The class and the kind of variant that it got, once it has answered."""
        name = manifest["metadata"]["name"]
        change = self.server.apply(manifest)["changes"][0]
        self.assertEqual(self.server.get(f"/{name}").text, "hello")
        status = self.status(name)
        self.assertEqual(status["class"], change["placement"]["class"])
        taken = [each for each in status["variants"] if each["taken"]]
        self.assertEqual(len(taken), 1)
        self.assertEqual(status["revisions"][0]["artifact"], taken[0]["digest"])
        return status["class"], taken[0]["kind"]

    def refusal(self, manifest):
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(manifest)
        self.assertNotIn(f"Function/default/{manifest['metadata']['name']}", self.server.resources())
        return str(refused.exception)

    def test_the_requirements_choose_the_variant(self):
        self.assertEqual(self.placed(self.both("cheap")), ("wasm", "wasm"))
        self.assertEqual(self.placed(self.both("fast", requires={"performance": "high"})), ("wasm", "wasm"))
        self.assertEqual(self.placed(self.both("medium", requires={"security": "medium"})), ("wasm", "wasm"))
        self.assertEqual(self.placed(self.both("safe", requires={"security": "high"})), ("microvm", "image"))
        self.assertEqual(self.placed(self.both("named", **{"class": "container"})), ("container", "image"))
        lost = {each["class"]: each.get("lost") for each in self.status("fast")["placement"]["alternatives"]}
        self.assertIn("gives a function with a wasm variant to wasm", lost["container"])

    def test_cost_says_what_the_literal_rule_costs(self):
        self.assertEqual(self.placed(self.both("ruled", placement="rule")), ("container", "image"))
        row = next(row for row in self.server.json("cost")["rows"] if row["name"] == "ruled")
        self.assertEqual(row["better"]["class"], "wasm")
        self.assertGreater(row["better"]["saves"], 0)

    def test_cost_names_no_class_that_this_server_would_give_less_memory(self):
        server = Server("--max-memory-mib=256").up()
        self.addCleanup(server.end)
        self.assertEqual(server.api("PUT", "/v1/measurements", RECORD).status, 200)
        server.apply(self.both("large", placement="rule", limits={"memory_mib": 256}))
        self.assertEqual(server.get("/large").text, "hello")
        self.assertEqual(server.json("cost")["rows"][0]["better"]["class"], "wasm")
        server.kill_manager()
        server.options = ("--max-memory-mib=255",)
        server.up(server.address)
        row, = server.json("cost")["rows"]
        self.assertEqual((row["class"], row["calls"]), ("container", 1))
        self.assertNotIn("better", row)

    def test_explain_says_what_does_not_exist(self):
        done = self.server.strata("explain", "nosuch")
        self.assert_exit(done, NOT_FOUND, "no Function or Service 'nosuch' in namespace 'default'")

    def test_explain_shows_the_variants_and_the_one_that_was_taken(self):
        self.server.apply(self.both("shown"))
        digests = {each["kind"]: each["digest"] for each in self.status("shown")["variants"]}
        shown = self.server.strata("explain", "shown").stdout
        self.assertRegex(shown, rf"(?m)^wasm +{digests['wasm']} +taken$")
        self.assertRegex(shown, rf"(?m)^image +{digests['image']} +-$")

    def test_no_call_fails_while_it_moves_through_the_classes(self):
        self.placed(self.both("moves"))
        client = SteadyClient(self.server, "/moves", b"hello", connections=3).start()
        moves = (({"security": "high"}, "microvm"), ({"performance": "high"}, "wasm"))
        try:
            for requires, expected in (*moves, *moves):
                before = client.total()
                self.assertEqual(self.placed(self.both("moves", requires=requires))[0], expected)
                while client.total() < before + 10 and not client.all_failures():
                    self.server.get("/moves")
            for given in ("container", "appkernel", "container", "wasm"):
                self.placed(self.both("moves", **{"class": given}))
        finally:
            client.stop()
        self.assertEqual(client.all_failures(), [])
        self.assertEqual(self.status("moves")["revision"], 9)

    def test_the_last_call_of_a_class_finishes_after_the_move(self):
        image = guest_image(self.folder / "server", "serve")
        self.server.apply(function("last", f"oci:{image.path}", "/last", "alone", guest="http", **{"class": "container"}))
        call = self.server.connect()
        self.addCleanup(call.close)
        call.putrequest("POST", "/last/echo")
        call.putheader("Content-Length", "8")
        call.endheaders(b"slow")
        for _ in range(20):  # by then it is read
            self.assertEqual(self.server.get("/last").text, "hello")
        self.assertIn("alone", self.keepers())
        self.server.apply(function("last", self.folder / "hello.wasm", "/last", "alone"))
        time.sleep(1)  # its program ends at once when it is asked to
        call.send(b"body")
        answer = call.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"slowbody"))
        self.assertTrue(eventually(lambda: "alone" not in self.keepers()))
        self.assertEqual(self.server.get("/last").text, "hello")

    def keepers(self):
        return [keeper["namespace"] for keeper in self.server.json("status")["keepers"]]

    def test_a_variant_that_is_not_taken_is_still_checked(self):
        (self.folder / "broken.wasm").write_text("(module")
        self.assertIn("spec.variants[0].artifact", self.refusal(self.both("broken", "broken.wasm", **{"class": "container"})))
        self.assertIn("spec.variants[1].artifact", self.refusal(self.both("absent", image="nowhere")))
        second = self.refusal(self.both("twins") | {"spec": {"variants": [
            {"artifact": f"oci:{self.folder / 'image'}"},
            {"artifact": f"oci:{self.folder / 'image'}:latest"}]}})
        self.assertIn("spec.variants[1].artifact: a second variant of kind 'image'", second)

    def test_a_class_that_no_variant_is_for_is_refused(self):
        manifest = self.both("alone", **{"class": "container"})
        del manifest["spec"]["variants"][1]
        self.assertIn("spec.class is 'container' but the artifact is wasm", self.refusal(manifest))

    def test_the_variants_outlive_the_manager(self):
        self.placed(self.both("kept", requires={"security": "high"}))
        before = self.status("kept")["variants"]
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertEqual(self.status("kept")["variants"], before)
        again = self.server.apply(self.both("kept", requires={"security": "high"}))["changes"][0]
        self.assertEqual(again["action"], "unchanged")
        self.assertEqual(self.placed(self.both("kept")), ("wasm", "wasm"))


if __name__ == "__main__":
    unittest.main()
