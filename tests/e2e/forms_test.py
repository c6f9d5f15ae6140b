"""Routes that name revisions and classes: who answers, what is refused, what is shown."""

import collections
import os
import pathlib
import shutil
import tempfile
import unittest

from e2e import guests
from e2e.images import guest_image
from e2e.placement_test import RECORD
from e2e.support import ServerTest, USAGE, UNSUPPORTED, WRONG_STATE, documents, eventually, function


def says(word):
    return guests.web_module(f"(i64.const {len(word)})", f'(data (i32.const 0) "{word}")')


def route(name, *backends, path=None, namespace="default", **match):
    return {"apiVersion": "strata.dev/v1alpha1", "kind": "Route",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"path": path or f"/{name}", "backends": list(backends), **match}}


class FormsCase(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-forms."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def wasm(self, name, word, **spec):
        path = self.folder / f"{word}.wasm"
        path.write_text(says(word))
        return function(name, path, None, "default", **spec)

    def answers(self, path, calls=200):
        """How often each text came; every call must be answered."""
        seen = collections.Counter()
        for _ in range(calls):
            answer = self.server.get(path)
            self.assertEqual(answer.status, 200, answer.text)
            seen[answer.text] += 1
        return seen

    def refusal(self, code, *manifests):
        before = self.server.resources()
        done = self.server.strata("apply", "-f", "-", stdin=documents(*manifests))
        self.assertEqual(done.returncode, code, done.stderr or done.stdout)
        self.assertEqual(self.server.resources(), before)
        return done.stderr

    def shown(self, name):
        return self.server.json("describe", "route", name)["status"]["backends"]


class RevisionsTest(FormsCase):
    def test_a_route_splits_over_revisions(self):
        self.server.apply(self.wasm("split", "one"))
        self.server.apply(self.wasm("split", "two"))
        self.server.apply(self.wasm("split", "three"))
        self.server.apply(route("split", {"function": "split", "weight": 2},
                                {"function": "split", "revision": 1}, {"function": "split", "revision": 2}))
        seen = self.answers("/split")
        self.assertEqual(set(seen), {"one", "two", "three"})
        self.assertGreater(seen["three"], seen["one"])
        self.assertEqual([(each["revision"], each["class"], each["share"]) for each in self.shown("split")],
                         [(3, "wasm", 0.5), (1, "wasm", 0.25), (2, "wasm", 0.25)])
        logged = {line["revision"] for line in self.server.access_log() if line["path"] == "/split"}
        self.assertLessEqual(logged, {1, 2, 3})

    def test_a_named_revision_stays_when_a_newer_one_comes(self):
        self.server.apply(self.wasm("kept", "one"))
        self.server.apply(self.wasm("kept", "two"), route("kept", {"function": "kept", "revision": 1}))
        self.assertEqual(set(self.answers("/kept", 20)), {"one"})
        for word in ("three", "four"):
            self.server.apply(self.wasm("kept", word))
        self.assertEqual(set(self.answers("/kept", 20)), {"one"})
        self.assertEqual(self.server.strata("-n", "default", "invoke", "kept").stdout, "four")
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertEqual(set(self.answers("/kept", 20)), {"one"})

    def test_a_revision_that_is_not_kept_is_refused(self):
        self.server.apply(self.wasm("few", "one"))
        said = self.refusal(WRONG_STATE, route("few", {"function": "few", "revision": 7}))
        self.assertIn("Route default/few leads to few@7, and that revision is not kept", said)
        self.assertIn("names a revision and a class",
                      self.refusal(USAGE, route("few", {"function": "few", "revision": 1, "class": "wasm"})))

    def test_headers_choose_and_split(self):
        self.server.apply(self.wasm("head", "one"))
        self.server.apply(self.wasm("head", "two"))
        old, new = {"function": "head", "revision": 1}, {"function": "head"}
        self.server.apply(route("head", new), route("head-old", old, path="/head", headers=[{"name": "X-Tenant", "value": "acme"}]),
                          route("sticky", old, new, split={"header": "x-user"}))
        self.assertEqual(self.server.get("/head").text, "two")
        self.assertEqual(self.server.get("/head", {"x-tenant": "acme"}).text, "one")
        self.assertEqual(self.server.get("/head", {"x-tenant": "other"}).text, "two")
        said = self.refusal(WRONG_STATE, route("third", new, path="/head", headers=[{"name": "x-tenant", "value": "acme"}]))
        self.assertIn("already belongs to Route default/head-old", said)
        by_user = {}
        for user in range(20):
            seen = {self.server.get("/sticky", {"x-user": f"u{user}"}).text for _ in range(4)}
            self.assertEqual(len(seen), 1, "one user, one revision")
            by_user[user] = seen.pop()
        self.assertEqual(set(by_user.values()), {"one", "two"})
        self.assertEqual(set(self.answers("/sticky", 60)), {"one", "two"})

    def test_a_mirror_gets_copies_and_its_answers_are_compared_and_dropped(self):
        self.server.apply(self.wasm("mirror", "one"))
        self.server.apply(self.wasm("mirror", "two"))
        self.server.apply(route("mirror", {"function": "mirror"}, mirror={"function": "mirror", "revision": 1}),
                          route("twin", {"function": "mirror"}, mirror={"function": "mirror", "percent": 100}))

        def counted(name):
            status = self.server.json("describe", "route", name)["status"]["mirror"]
            return status["revision"], status["same"], status["different"], status["skipped"]

        for _ in range(20):
            self.assertEqual(self.server.get("/mirror").text, "two")
            self.assertEqual(self.server.get("/twin").text, "two")
        self.assertTrue(eventually(lambda: counted("mirror") == (1, 0, 20, 0)), counted("mirror"))
        self.assertTrue(eventually(lambda: counted("twin") == (2, 20, 0, 0)), counted("twin"))
        # Through fronts, too.
        self.server.apply(function("other", self.folder / "one.wasm", "/other-one", "elsewhere"))
        self.addCleanup(self.server.strata, "-n", "elsewhere", "delete", "function", "other")
        self.assertEqual(self.server.get("/twin").text, "two")
        self.assertTrue(eventually(lambda: counted("twin") == (2, 21, 0, 0)), counted("twin"))
        metrics = self.server.api("GET", "/metrics").text
        self.assertIn('strata_route_mirrored_total{function="mirror@1",namespace="default",outcome="different"} 20', metrics)

    def test_fronts_hand_requests_on_to_the_revision_that_was_drawn(self):
        self.server.apply(self.wasm("far", "one"))
        self.server.apply(self.wasm("far", "two"), function("other", self.folder / "one.wasm", "/other", "elsewhere"))
        self.addCleanup(self.server.strata, "-n", "elsewhere", "delete", "function", "other")
        self.server.apply(route("far", {"function": "far"}, {"function": "far", "revision": 1}))
        self.assertEqual(self.server.json("status")["listener"]["mode"], "front")
        self.assertEqual(set(self.answers("/far", 100)), {"one", "two"})


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ClassesTest(FormsCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.image = guest_image(cls.folder / "image", "hello")
        answer = cls.server.api("PUT", "/v1/measurements", RECORD)
        assert answer.status == 200, answer.text

    def both(self, name, word="wasm", **spec):
        manifest = self.wasm(name, word, **spec)
        spec = manifest["spec"]
        spec["variants"] = [{"artifact": spec.pop("artifact")}, {"artifact": f"oci:{self.folder / 'image'}"}]
        return manifest

    def test_a_route_splits_over_classes(self):
        self.server.apply(self.both("mixed"))
        self.server.apply(route("mixed", {"function": "mixed"}, {"function": "mixed", "class": "container"}))
        self.assertEqual(set(self.answers("/mixed", 60)), {"wasm", "hello"})
        self.assertEqual([(each["class"], each["share"]) for each in self.shown("mixed")],
                         [("wasm", 0.5), ("container", 0.5)])
        # A class follows the current revision.
        self.server.apply(self.both("mixed", env={"NEW": "1"}))
        self.assertEqual([each["revision"] for each in self.shown("mixed")], [2, 2])
        self.assertEqual(set(self.answers("/mixed", 60)), {"wasm", "hello"})

    def test_copies_reach_wasm_where_no_request_goes_there(self):
        api = self.both("api", "hello")
        api["metadata"]["namespace"] = "copied"
        self.server.apply(api, route("api", {"function": "api", "class": "container"}, namespace="copied",
                                     mirror={"function": "api", "class": "wasm"}))
        self.assertEqual(set(self.answers("/api", 5)), {"hello"})

        def counted():
            status = self.server.json("-n", "copied", "describe", "route", "api")["status"]["mirror"]
            return status["same"], status["different"], status["skipped"]
        self.assertTrue(eventually(lambda: counted() == (5, 0, 0)), counted())

    def test_a_class_that_may_not_be_is_refused_with_the_reason(self):
        self.server.apply(self.wasm("only", "one"), self.both("safe", requires={"security": "medium"}))
        said = self.refusal(USAGE, route("only", {"function": "only", "class": "container"}))
        self.assertIn("Route default/only: backend only:container", said)
        self.assertIn("a route asks for class 'container' but the artifact is wasm", said)
        said = self.refusal(WRONG_STATE, route("safe", {"function": "safe", "class": "container"}))
        self.assertIn("Route default/safe: backend safe:container", said)
        self.assertIn("security", said)

    def test_a_workload_cannot_lose_what_a_route_needs(self):
        self.server.apply(self.both("needed"), route("needed", {"function": "needed", "class": "container"}))
        said = self.refusal(USAGE, self.wasm("needed", "one"))
        self.assertIn("Route default/needed: backend needed:container", said)
        self.assertEqual(set(self.answers("/needed", 5)), {"hello"})

    def test_a_named_volume_is_for_one_form(self):
        self.server.apply(function("stored", f"oci:{self.folder / 'image'}", None, "default", **{
            "class": "container", "volumes": [{"name": "v", "named": {"volume": "v", "size_mib": 8}}],
            "mounts": [{"volume": "v", "mount": "/data"}]}))
        said = self.refusal(UNSUPPORTED, route("stored", {"function": "stored", "class": "appkernel"}))
        self.assertIn("'v': a named volume is for what runs now only", said)


if __name__ == "__main__":
    unittest.main()
