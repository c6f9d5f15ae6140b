"""Sandboxes of images that were made before their calls: taken once, kept as long as the manifest
says, and never more than there is room for; calls that find no room wait, and are told so in the end."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from crash.traces import HostTraces
from e2e.images import Image, guest_image, guest_layer
from e2e.support import (ARTIFACTS, DONE, USAGE, ServerTest, documents, eventually, function,
                         of_class)

CLASSES = ("container", "appkernel", "microvm")
BASE = guest_layer()


class PoolsCase(HostTraces, ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-pool."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def deploy(self, name, *words, scale=None, **spec):
        self.number = getattr(self, "number", 0) + 1
        image = guest_image(self.folder / f"{name}-{self.number}", *words)
        manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **spec)
        if scale is not None:
            manifest["spec"]["scale"] = scale
        return self.server.apply(manifest)

    def pool(self, name):
        return self.server.json("describe", "function", name)["status"].get("pool", {})

    def await_ready(self, name, count, taken=0):
        """Until `count` wait after `taken` were taken; what is shown lags behind."""
        def ready():
            pool = self.pool(name)
            return pool.get("ready") == count and pool["warm"] == taken
        self.assertTrue(eventually(ready), self.pool(name))

    def records(self, name):
        return [record for record in self.server.access_log() if record["function"] == name]

    def together(self, call, count):
        """What so many of it give at once."""
        with concurrent.futures.ThreadPoolExecutor(count) as clients:
            return list(clients.map(lambda _: call(), range(count)))


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class PoolsTest(PoolsCase):
    def test_a_call_takes_a_sandbox_that_waits(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(name, "hello", scale={"min": 1}, **of_class(name))
                self.await_ready(name, 1)
                self.assertEqual(self.server.get(f"/{name}").text, "hello")
                self.await_ready(name, 1, taken=1)  # another one
                self.assertEqual(self.server.get(f"/{name}").text, "hello")
                self.await_ready(name, 1, taken=2)
                self.assertTrue(eventually(lambda: len(self.records(name)) == 2))
                self.assertEqual([record["cold"] for record in self.records(name)], [False, False])
                self.assertEqual((self.pool(name)["class"], self.pool(name)["cold"]), (name, 0))

    def test_a_call_sees_its_own_variables_and_body(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"env-{name}", "environment", scale={"min": 1}, env={"OF": "function"},
                            **of_class(name))
                self.await_ready(f"env-{name}", 1)
                text = self.server.get(f"/env-{name}/a?b=c", headers={"X-Mine": "yes"}).text
                seen = dict(pair.split("=", 1) for pair in text.split("\0") if pair)
                for key, value in {"OF": "function", "QUERY_STRING": "b=c", "HTTP_X_MINE": "yes",
                                   "REQUEST_METHOD": "GET"}.items():
                    self.assertEqual(seen.get(key), value)
                self.deploy(f"echo-{name}", "echo", scale={"min": 1}, **of_class(name))
                self.await_ready(f"echo-{name}", 1)
                body = "x" * 300_000
                self.assertEqual(self.server.request("POST", f"/echo-{name}", body=body).text, body)

    def test_no_state_goes_from_call_to_call(self):
        self.deploy("count", "count", scale={"min": 2})
        for taken in range(4):
            self.await_ready("count", 2, taken)
            self.assertEqual(self.server.get("/count").text, "1")

    def test_sandboxes_that_wait_share_nothing_of_their_making(self):
        """Of one snapshot, or of one runtime: randomness, name, descriptors."""
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"facts-{name}", "identity", scale={"min": 2}, **of_class(name))
                self.await_ready(f"facts-{name}", 2)
                first, second = (self.facts(f"/facts-{name}") for _ in range(2))
                self.assertFalse([r for r in self.records(f"facts-{name}") if r["cold"]])
                for fact in ("random", "hostname"):
                    self.assertNotEqual(first[fact], second[fact], fact)
                self.assertEqual(first["open"], "3")
                now = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True)
                self.assertLess(abs(int(first["time"]) - int(now.stdout)), 10)

    def facts(self, path):
        return dict(line.split("=", 1) for line in self.server.get(path).text.splitlines())

    def test_without_keep_alive_every_call_is_cold(self):
        self.deploy("none", "hello", scale={"keep_alive": "0s"})
        self.assertEqual(self.server.get("/none").text, "hello")
        self.assertEqual(self.server.get("/none").text, "hello")
        self.assertTrue(eventually(lambda: len(self.records("none")) == 2))
        self.assertEqual([record["cold"] for record in self.records("none")], [True, True])
        self.await_ready("none", 0)

    def test_after_a_call_another_sandbox_is_kept_and_goes_with_its_function(self):
        self.deploy("kept", "hello")
        self.assertEqual(self.server.get("/kept").text, "hello")
        self.await_ready("kept", 1)
        self.assertEqual(self.server.get("/kept").text, "hello")
        self.assertTrue(eventually(lambda: len(self.records("kept")) == 2))
        self.assertEqual([record["cold"] for record in self.records("kept")], [True, False])
        self.assertTrue([path for path in self.groups() if "kept-warm" in path.name])
        self.assertEqual(self.server.strata("delete", "function", "kept").returncode, DONE)
        gone = eventually(lambda: not [path for path in self.groups() if "kept-warm" in path.name])
        self.assertTrue(gone, self.groups())

    def test_a_program_that_is_not_there_fails_as_without_a_pool(self):
        image = Image(self.folder / "lost", [BASE], args=("/bin/lost",))
        for name, scale in (("lost-warm", {"min": 1}), ("lost-cold", {"keep_alive": "0s"})):
            manifest = function(name, f"oci:{image.path}", f"/{name}", "default", scale=scale)
            self.server.apply(manifest)
        self.assertTrue(eventually(lambda: "no such file" in self.pool("lost-warm").get("problem", "").lower()))
        self.assertEqual(self.server.get("/lost-warm").status, self.server.get("/lost-cold").status)

    def test_what_cannot_be_kept_is_refused(self):
        wasm = function("no", ARTIFACTS / "hello-module.wasm", "/no", scale={"min": 1})
        done = self.server.strata("apply", "-f", "-", stdin=documents(wasm))
        self.assert_exit(done, USAGE, "spec", "microseconds")
        volume = {"volumes": [{"name": "v", "named": {"volume": "v", "size_mib": 8}}],
                  "mounts": [{"volume": "v", "mount": "/data"}]}
        with self.assertRaises(AssertionError) as refused:
            self.deploy("held", "hello", scale={"min": 1}, **volume)
        self.assertIn("the volume at /data", str(refused.exception))
        self.deploy("free", "hello", **volume)
        self.assertEqual(self.server.get("/free").text, "hello")

    def test_a_restarted_manager_knows_the_pool_again(self):
        self.deploy("again", "hello", scale={"min": 1})
        self.await_ready("again", 1)
        before = {path for path in self.groups() if "again-warm" in path.name}
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.await_ready("again", 1)
        self.assertEqual({path for path in self.groups() if "again-warm" in path.name}, before)
        self.assertEqual(self.server.get("/again").text, "hello")


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class RoomTest(PoolsCase):
    def test_a_pool_that_gets_no_room_says_why_and_takes_nobodys(self):
        for name in ("first", "second"):
            self.deploy(name, "hello", scale={"min": 16})
        self.await_ready("first", 16)
        self.await_ready("second", 16)
        self.deploy("later", "hello")
        self.assertEqual(self.server.get("/later").text, "hello")
        told = lambda: "32 sandboxes of the namespace wait already" in self.pool("later").get("problem", "")
        self.assertTrue(eventually(told), self.pool("later"))
        self.assertIn("Pool not filled: 32 sandboxes", self.server.strata("explain", "later").stdout)
        self.assertEqual([self.pool(name)["unused"] for name in ("first", "second")], [0, 0])
        self.assertEqual(self.server.get("/later").text, "hello")


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class FullTest(PoolsCase):
    """There is room for two sandboxes of a class."""

    options = ("--max-sandboxes=2",)

    def test_calls_wait_until_there_is_room(self):
        for front in (False, True):
            with self.subTest(front=front):
                if front:  # a second tenant makes the listener one of fronts
                    self.server.apply(function("other", ARTIFACTS / "hello-module.wasm", "/other", "second"))
                self.deploy("busy", "hello")
                answers = self.together(lambda: self.server.get("/busy"), 8)
                self.assertEqual([answer.status for answer in answers], [200] * 8)

    def test_who_waits_too_long_is_told_when_to_come_back(self):
        for front in (False, True):
            with self.subTest(front=front):
                if front:
                    self.server.apply(function("other", ARTIFACTS / "hello-module.wasm", "/other", "second"))
                self.deploy("slow", "spin", limits={"timeout_ms": 1500, "cpu_time_ms": 60000})
                answers = self.together(lambda: self.server.get("/slow"), 6)
                by_status = sorted(answer.status for answer in answers)
                self.assertEqual(set(by_status), {503, 504}, by_status)
                for answer in answers:
                    if answer.status == 503:
                        self.assertIn("Retry-After", answer.headers)


if __name__ == "__main__":
    unittest.main()
