"""Deploying from the command line: what `strata apply`, `delete` and their answers promise."""

import json
import pathlib
import tempfile
import unittest

from e2e.support import (ARTIFACTS, DONE, EXAMPLES, FAILED, NOT_FOUND, USAGE, WRONG_STATE, Server, ServerTest,
                         documents, eventually, function, hello)


def route(name, path, *backends):
    return {"apiVersion": "strata.dev/v1alpha1", "kind": "Route", "metadata": {"name": name, "namespace": "demo"},
            "spec": {"host": "*", "path": path, "backends": list(backends)}}


class DeployTest(ServerTest):
    def tearDown(self):
        # Routes first: a function that a route leads to is not deleted.
        for name in reversed(self.server.resources()):
            kind, namespace, name = name.split("/")
            self.server.strata("-n", namespace, "delete", kind.lower(), name)

    def apply_text(self, text, *options):
        return self.server.strata("apply", "-f", "-", *options, stdin=text)

    def test_an_applied_function_answers_and_a_deleted_one_does_not(self):
        change = self.server.apply(hello())["changes"][0]
        self.assertEqual(change["action"], "created")
        self.assertEqual(self.server.get("/hello").text, "hello, world\n")
        self.assert_exit(self.server.strata("-n", "demo", "delete", "function", "hello"), DONE)
        gone = self.server.get("/hello")
        self.assertEqual((gone.status, gone.problem), (404, "no-route"))

    def test_applying_the_same_again_changes_nothing(self):
        first = self.server.apply(hello())["changes"][0]
        again = self.server.apply(hello())["changes"][0]
        self.assertEqual((again["action"], again["revision"]), ("unchanged", first["revision"]))

    def test_a_changed_limit_makes_a_new_revision_that_answers(self):
        first = self.server.apply(hello())["changes"][0]["revision"]
        change = self.server.apply(hello(limits={"timeout_ms": 1234}))["changes"][0]
        self.assertEqual((change["action"], change["revision"]), ("configured", first + 1))
        self.assertEqual(self.server.get("/hello").status, 200)
        described = self.server.json("-n", "demo", "describe", "function", "hello")
        self.assertEqual([revision["number"] for revision in described["status"]["revisions"]][:2],
                         [first + 1, first])

    def test_a_dry_run_shows_the_difference_and_changes_nothing(self):
        self.server.apply(hello())
        before = self.server.json("get", "-A")
        shown = self.apply_text(documents(hello(limits={"timeout_ms": 77}), hello("other", "/other")), "--dry-run")
        self.assert_exit(shown, DONE)
        self.assertRegex(shown.stdout, r"timeout_ms: \d+ -> 77")
        self.assertIn("other", shown.stdout)
        self.assertEqual(self.server.json("get", "-A"), before)
        self.assertEqual(self.server.get("/other").status, 404)

    def test_a_folder_is_applied_as_one_change(self):
        with tempfile.TemporaryDirectory(prefix="strata-e2e.") as folder:
            folder = pathlib.Path(folder)
            (folder / "module.wasm").write_bytes((ARTIFACTS / "hello-module.wasm").read_bytes())
            (folder / "below").mkdir()
            for name, artifact in (("one.yaml", "./module.wasm"), ("two.yml", "./module.wasm"),
                                   ("below/three.yaml", "../module.wasm")):
                stem = pathlib.Path(name).stem
                (folder / name).write_text(json.dumps(function(stem, artifact, f"/{stem}")))
            # Files of other names lie about for many reasons.
            (folder / "notes.txt").write_text("not a manifest")
            (folder / "calls.json").write_text("[]")
            self.assert_exit(self.server.strata("apply", "-f", str(folder)), DONE)
            self.assertEqual(self.server.resources(),
                             ["Function/demo/one", "Function/demo/three", "Function/demo/two"])
            for path in ("/one", "/two", "/three"):
                self.assertEqual(self.server.get(path).status, 200)
            # One bad file among them: none of the folder is applied.
            (folder / "four.yaml").write_text(json.dumps(hello("four", "/four", limits={"memory_mib": 0})))
            (folder / "one.yaml").write_text(json.dumps(function("one", "./module.wasm", "/elsewhere")))
            self.assert_exit(self.server.strata("apply", "-f", str(folder)), USAGE, "four.yaml:1:")
            self.assertEqual(self.server.get("/elsewhere").status, 404)

    def test_a_relative_artifact_on_standard_input_is_below_the_current_folder(self):
        text = documents(function("here", "./hello-module.wasm", "/here"))
        self.assert_exit(self.server.strata("apply", "-f", "-", stdin=text, cwd=ARTIFACTS), DONE)
        self.assertEqual(self.server.get("/here").status, 200)

    def test_an_unknown_field_is_refused_with_its_place_and_the_nearest_name(self):
        text = (EXAMPLES / "hello-c" / "function.yaml").read_text().replace("timeout_ms", "timeuot_ms")
        with tempfile.TemporaryDirectory(prefix="strata-e2e.") as folder:
            file = pathlib.Path(folder) / "function.yaml"
            file.write_text(text)
            line = 1 + [index for index, row in enumerate(text.splitlines()) if "timeuot_ms" in row][0]
            refused = self.server.strata("apply", "-f", str(file))
        self.assert_exit(refused, USAGE, f"function.yaml:{line}:5", "timeuot_ms", "timeout_ms")
        self.assertEqual(self.server.resources(), [])

    def test_every_problem_of_a_manifest_is_told_at_once(self):
        bad = hello(limits={"memory_mib": "64", "cpu_time_ms": -1})
        bad["metadata"]["name"] = "Not A Name"
        self.assert_exit(self.apply_text(documents(bad)), USAGE, "memory_mib", "cpu_time_ms", "Not A Name")

    def test_an_unknown_kind_is_refused_with_the_known_ones(self):
        bad = hello()
        bad["kind"] = "Functoin"
        self.assert_exit(self.apply_text(documents(bad)), USAGE, "Functoin", "Function")

    def test_two_owners_of_one_route_are_refused_and_the_first_keeps_it(self):
        self.server.apply(hello("first", "/same"))
        refused = self.apply_text(documents(hello("second", "/same"), hello("third", "/third")))
        self.assertNotEqual(refused.returncode, DONE)
        self.assertIn("first", refused.stderr)
        self.assertEqual(self.server.resources(), ["Function/demo/first"])
        self.assertEqual(self.server.get("/same").status, 200)

    def test_two_owners_of_one_route_in_one_apply_are_refused(self):
        refused = self.apply_text(documents(hello("first", "/same"), hello("second", "/same")))
        self.assertNotEqual(refused.returncode, DONE)
        self.assertEqual(self.server.resources(), [])

    def test_methods_of_one_path_may_have_different_owners(self):
        post = hello("writer", "/item")
        post["spec"]["triggers"][0]["http"]["methods"] = ["POST"]
        read = hello("reader", "/item")
        read["spec"]["triggers"][0]["http"]["methods"] = ["GET"]
        self.server.apply(post, read)
        self.assertEqual(self.server.get("/item").status, 200)
        wrong = self.server.request("DELETE", "/item")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "GET, POST"))

    def test_a_second_namespace_has_routes_of_its_own_but_not_the_firsts(self):
        self.server.apply(hello("mine", "/mine", namespace="one"))
        refused = self.apply_text(documents(hello("theirs", "/mine", namespace="two")))
        self.assert_exit(refused, WRONG_STATE, "already belongs to Function one/mine")
        self.assertEqual(self.server.resources(), ["Function/one/mine"])
        self.server.apply(hello("theirs", "/theirs", namespace="two"))
        for path in ("/mine", "/theirs"):
            self.assertEqual(self.server.get(path).text, "hello, world\n")
        called = self.server.strata("-n", "two", "invoke", "theirs")
        self.assertEqual(called.stdout, "hello, world\n", called.stderr)

    def test_a_route_splits_traffic_between_functions(self):
        halves = route("split", "/split", {"function": "a", "weight": 1}, {"function": "b", "weight": 1})
        self.server.apply(hello("a", None), hello("b", None), halves)
        for _ in range(60):
            self.assertEqual(self.server.get("/split").status, 200)

        def calls():
            return {row["name"]: row["requests"] for row in self.server.json("top")["functions"]}

        self.assertTrue(eventually(lambda: calls().get("a", 0) + calls().get("b", 0) == 60))
        self.assertGreater(calls()["a"], 0)
        self.assertGreater(calls()["b"], 0)

    def test_a_route_to_a_function_that_is_not_there_is_refused(self):
        refused = self.apply_text(documents(route("lost", "/lost", {"function": "nobody"})))
        self.assertNotEqual(refused.returncode, DONE)
        self.assertIn("nobody", refused.stderr)
        self.assertEqual(self.server.resources(), [])

    def test_a_missing_artifact_is_named_and_nothing_is_deployed(self):
        refused = self.apply_text(documents(function("lost", "/nonexistent/lost.wasm", "/lost")))
        self.assertNotEqual(refused.returncode, DONE)
        self.assertIn("/nonexistent/lost.wasm", refused.stderr)
        self.assertEqual(self.server.resources(), [])

    def test_a_guest_of_another_kind_than_asked_for_is_refused(self):
        refused = self.apply_text(documents(hello(guest="http")))
        self.assert_exit(refused, USAGE, "http", "module")
        self.assertEqual(self.server.resources(), [])

    def test_deleting_what_is_not_there_says_so(self):
        self.assert_exit(self.server.strata("delete", "function", "nobody"), NOT_FOUND, "nobody")

    def test_what_is_deployed_survives_down_and_up(self):
        with_state = Server()
        with_state.up()
        with_state.apply(hello())
        with_state.down()
        self.assertEqual(with_state.processes(), {})
        with_state.up()
        self.assertEqual(with_state.get("/hello").text, "hello, world\n")
        self.assertEqual(with_state.end(), [])

    def test_a_second_server_on_the_same_state_is_refused(self):
        second = self.server.strata("up", "-d", "--listen", "127.0.0.1:0")
        self.assertNotIn(second.returncode, (DONE, FAILED), second.stderr)
        self.assertEqual(self.server.get("/").problem, "no-route")


if __name__ == "__main__":
    unittest.main()
