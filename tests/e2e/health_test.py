"""Health checks, restart policies and graceful ends of services, and what is told of them."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from e2e.images import guest_image
from e2e.support import (BIN, DONE, PATIENCE, ServerTest, documents, eventually, function,
                         hello, of_class)

CLASSES = ("container", "appkernel", "microvm", "container-in-microvm")
KILLED = 128 + signal.SIGKILL
# A command in an emulated machine takes up to a second.
SOON = {"period_ms": 100, "failureThreshold": 1, "timeout_ms": 10_000}


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class HealthTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-health."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = guest_image(cls.folder / "image", "serve")

    def service(self, name, image=None, **spec):
        manifest = function(name, f"oci:{(image or self.image).path}", f"/{name}", "default", **spec)
        return {**manifest, "kind": "Service"}

    def deploy(self, name, **spec):
        self.server.apply(self.service(name, **spec))
        self.addCleanup(self.server.strata, "delete", "service", name)

    def refusal(self, manifest):
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(manifest)
        return str(refused.exception)

    def sandboxes(self, name):
        """What its keeper says of them; nothing while there is none that knows it."""
        return self.server.json("describe", "service", name)["status"].get("sandboxes", {})

    def states(self, name):
        return self.sandboxes(name)["states"]

    def log(self, name):
        return self.server.strata("logs", name, "-n", "default").stdout

    def make(self, service, path, sandbox=None):
        """A file in a sandbox of the service. For its sake the sandbox may end before the command has."""
        options = ["--sandbox", sandbox] if sandbox else []
        done = self.server.strata("exec", "-i", *options, service, "--", "/.strata-agent", "write", path, "644")
        self.assertIn(done.returncode, (DONE, KILLED), done.stderr)

    # --- readiness

    def test_one_that_does_not_come_up_again_keeps_no_other_waiting(self):
        door = self.folder / "door"
        door.mkdir()
        self.deploy("stuck", grants={"dirs": [{"host": str(door), "guest": "/door", "mode": "ro"}]},
                    health={"readiness": {"exec": {"command": ["/bin/guest", "absent", "/door/closed"]}, **SOON}})
        self.deploy("beside")
        (door / "closed").touch()
        keeper = next(pid for pid, words in self.server.processes().items() if words[0].endswith("/strata-keeper"))
        os.kill(keeper, signal.SIGKILL)
        # From here on nobody asks the old one, whose sandboxes may still answer.
        self.assertTrue(eventually(lambda: "starting a keeper anew" in self.server.log()))
        self.assertTrue(eventually(lambda: self.server.get("/beside").text == "hello"))
        states = eventually(lambda: self.sandboxes("stuck").get("states"))
        self.assertEqual([state["ready"] for state in states], [False])
        (door / "closed").unlink()
        self.assertTrue(eventually(lambda: self.server.get("/stuck").text == "hello"))

    def test_one_that_came_up_only_after_it_was_given_up_is_reached(self):
        lock = self.folder / "lock"
        lock.mkdir()
        open_ = {"exec": {"command": ["/bin/guest", "absent", "/lock/closed"]}, **SOON}
        self.deploy("late", grants={"dirs": [{"host": str(lock), "guest": "/lock", "mode": "ro"}]},
                    health={"readiness": open_, "liveness": open_})
        (lock / "closed").touch()
        keeper = next(pid for pid, words in self.server.processes().items() if words[0].endswith("/strata-keeper"))
        os.kill(keeper, signal.SIGKILL)
        self.assertTrue(eventually(lambda: "default/late does not come up" in self.server.log()))
        self.assertEqual(self.server.get("/late").status, 503)
        why = self.server.json("describe", "service", "late")["status"]["not_served"]
        self.assertIn("not every replica became ready", why[0]["because"])
        # A manager that has just come knows it, too.
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertEqual(self.server.json("describe", "service", "late")["status"].get("not_served"), why)
        (lock / "closed").unlink()
        self.assertTrue(eventually(lambda: self.server.get("/late").text == "hello"))
        self.assertNotIn("not_served", self.server.json("describe", "service", "late")["status"])

    def test_one_that_comes_up_slowly_keeps_no_other_namespace_waiting(self):
        gate = self.folder / "gate"
        gate.mkdir()
        (gate / "closed").touch()
        gated = self.service("gated", grants={"dirs": [{"host": str(gate), "guest": "/gate", "mode": "ro"}]},
                            health={"readiness": {"exec": {"command": ["/bin/guest", "absent", "/gate/closed"]}, **SOON}})
        self.addCleanup(self.server.strata, "delete", "service", "gated")
        command = [BIN / "strata", "--home", self.server.home, "-o", "json", "apply", "-f", "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as applying:
            applying.stdin.write(documents(gated))
            applying.stdin.close()
            for line in applying.stderr:
                if '"starting"' in line:
                    break
            self.server.apply(hello("quick", "/quick", "other"))
            self.addCleanup(self.server.strata, "delete", "function", "quick", "-n", "other")
            self.assertEqual(self.server.get("/quick").status, 200)
            self.assertIsNone(applying.poll(), "the quick one waited for the slow one")
            (gate / "closed").unlink()
            self.assertEqual(applying.wait(PATIENCE), DONE, applying.stderr.read())
        self.assertEqual(self.server.get("/gated").text, "hello")

    def test_every_way_to_ask_works_in_every_class(self):
        ways = {"get": {"httpGet": {"path": "/pid"}}, "tcp": {"tcpSocket": {}},
                "exec": {"exec": {"command": ["/bin/guest", "hello"]}}}
        for name in CLASSES:
            for way, how in ways.items():
                with self.subTest(f"{name} {way}"):
                    self.deploy(f"{way}-{name}", **of_class(name), health={"readiness": {**how, **SOON}})
                    self.assertEqual(self.server.get(f"/{way}-{name}").text, "hello")
                    self.assertIn("ready", self.log(f"{way}-{name}"))
                    self.assertTrue(eventually(lambda of=f"{way}-{name}": self.states(of)[0]["ready"]))

    def test_one_that_is_not_ready_gets_no_requests_until_it_is_again(self):
        self.deploy("two", replicas=2, health={"readiness": {
            "exec": {"command": ["/bin/guest", "absent", "/tmp/unready"]}, **SOON}})
        hosts = {state["sandbox"] for state in self.states("two")}
        self.assertTrue(eventually(lambda: {self.server.get("/two/host").text for _ in range(8)} == hosts))
        one = min(hosts)
        self.make("two", "/tmp/unready", one)
        self.assertTrue(eventually(lambda: "not ready" in self.log("two")))
        for _ in range(10):
            self.assertEqual(self.server.get("/two/host").text, max(hosts))
        self.assertEqual([state["ready"] for state in self.states("two") if state["sandbox"] == one], [False])
        self.server.strata("exec", "--sandbox", one, "two", "--", "/bin/guest", "remove", "/tmp/unready")
        self.assertTrue(eventually(lambda: {self.server.get("/two/host").text for _ in range(8)} == hosts))

    def test_a_revision_that_never_becomes_ready_replaces_nothing(self):
        self.deploy("rolls", env={"GREETING": "one"})
        broken = self.service("rolls", env={"GREETING": "two"}, restart="never", health={
            "readiness": {"httpGet": {"path": "/exit"}, **SOON}})
        self.assertIn("became ready", self.refusal(broken))
        self.assertEqual(self.server.get("/rolls/env").text, "one")

    # --- liveness

    def test_one_that_hangs_is_asked_to_end_and_started_again(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"hangs-{name}", **of_class(name), health={"liveness": {
                    "exec": {"command": ["/bin/guest", "absent", "/tmp/dead"]}, **SOON}})
                before = self.states(f"hangs-{name}")[0]["sandbox"]
                self.make(f"hangs-{name}", "/tmp/dead")
                self.assertTrue(eventually(lambda n=name: self.states(f"hangs-{n}")[0]["restarts"] == 1))
                self.assertTrue(eventually(lambda n=name: self.states(f"hangs-{n}")[0]["ready"]))
                state = self.states(f"hangs-{name}")[0]
                self.assertNotEqual(state["sandbox"], before)
                self.assertIn("not alive: /bin/guest ended with exit code 1", state["last_exit"])
                self.assertIn("asked to end", self.log(f"hangs-{name}"))  # gracefully
                self.assertEqual(self.server.get(f"/hangs-{name}").text, "hello")

    # --- restart policies

    def test_each_policy_does_what_it_says(self):
        ended = {("never", 7), ("on-failure", 0), ("never", 0)}
        for policy, path in (("always", 0), ("on-failure", 7), ("on-failure", 0), ("never", 7)):
            name = f"{policy}-{path}"
            with self.subTest(name):
                self.deploy(name, restart=policy)
                self.server.get(f"/{name}/{'exit' if path else 'leave'}")
                self.assertTrue(eventually(lambda n=name, p=path: f"ended: returned {p}" in self.log(n)))
                if (policy, path) in ended:
                    self.assertIn(f"its restart policy is '{policy}'", self.log(name))
                    state = self.states(name)[0]
                    self.assertEqual((state["last_exit"], state["restarts"]), (f"returned {path}", 0))
                    self.assertNotIn("sandbox", state)
                    self.assertNotIn("starts_in_ms", state)
                else:
                    self.assertTrue(eventually(lambda n=name: self.states(n)[0]["ready"]))
                    self.assertEqual(self.states(name)[0]["restarts"], 1)

    def test_its_use_is_shown_and_exported(self):
        self.deploy("used")
        self.assertGreater(self.states("used")[0]["memory_mib"], 0)
        self.assertTrue(eventually(lambda: self.row("used").get("memory_now_mib", 0) > 0))
        self.assertGreater(self.row("used")["cpu_ms"], 0)
        metrics = self.server.api("GET", "/metrics").text
        for name in ("strata_meter_cpu_seconds_total", "strata_meter_memory_bytes"):
            self.assertRegex(metrics, name + r'\{[^}]*function="used"[^}]*\} [0-9.e+-]*[1-9]')
        self.server.strata("delete", "service", "used")
        self.assertEqual(self.row("used"), {})

    def row(self, name):
        return next((row for row in self.server.json("top")["functions"] if row["name"] == name), {})

    def test_lines_that_are_printed_without_a_manager_are_there_later(self):
        self.deploy("talks")
        self.server.kill_manager()
        self.server.get("/talks/exit")
        self.assertTrue(eventually(lambda: self.server.get("/talks").text == "hello"))
        self.server.up()
        self.assertTrue(eventually(lambda: self.log("talks").count("listening") == 2), self.log("talks"))
        self.assertIn("ended: returned 7", self.log("talks"))

    # --- refusals

    def test_what_cannot_be_is_refused_with_its_place(self):
        probe = {"tcpSocket": {}}
        for health, words in (({}, "readiness"), ({"readiness": {}}, "exactly one"),
                              ({"readiness": {"tcpSocket": {}, "httpGet": {}}}, "exactly one"),
                              ({"liveness": {**probe, "successThreshold": 2}}, "must be 1"),
                              ({"readiness": {"exec": {"command": []}}}, "no program"),
                              ({"readiness": {**probe, "period_s": 1}}, "period_ms"),
                              ({"readiness": {"httpGet": {"path": "ready"}}}, "must start with '/'")):
            with self.subTest(words):
                self.assertIn(words, self.refusal(self.service("no", health=health)))
        self.assertIn("on-failure", self.refusal(self.service("no", restart="sometimes")))
        self.assertNotIn("Service/default/no", self.server.resources())

    def test_wasm_services_have_none(self):
        for field, value in (("health", {"readiness": {"tcpSocket": {}}}), ("restart", "never"),
                             ("stop_timeout_ms", 5), ("replicas", 2), ("port", 9000)):
            with self.subTest(field):
                manifest = {**hello("wasm", "/wasm", "default", **{field: value}), "kind": "Service"}
                self.assertIn(f"spec.{field}: a wasm service", self.refusal(manifest))


if __name__ == "__main__":
    unittest.main()
