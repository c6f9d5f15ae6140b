"""Services that scale: to zero and back, and with their load between two bounds, without a lost request."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from e2e.forms_test import route
from e2e.images import guest_image
from e2e.support import BIN, DONE, ServerTest, eventually, function, hello

SOON_GONE = {"min": 0, "max": 1, "keep_alive": "1s"}


class Wrk:
    """Requests one after the other over each of its connections, from here to stop(). They are POST, which nobody
    tries again for it: what is cut off is lost."""

    def __init__(self, test, path, connections):
        script = test.folder / "post.lua"
        script.write_text('wrk.method = "POST"\n')
        self.process = subprocess.Popen(["wrk", "-t1", f"-c{connections}", "-d1h", "--timeout=60s", "-s", script,
                                         f"http://{test.server.address}{path}"],
                                        stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.process.kill)

    def stop(self):
        """How many were answered, and what wrk says of those that were not, or not with 2xx."""
        self.process.send_signal(signal.SIGINT)
        report, _ = self.process.communicate()
        done = re.search(r"(\d+) requests in", report)
        return int(done[1]), re.findall(r"Socket errors.*|Non-2xx.*", report)


def slow_start(seconds):
    """Found ready only that long after its start."""
    probe = {"tcpSocket": {}, "initial_delay_ms": int(seconds * 1000), "period_ms": 100}
    return {"readiness": probe}


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ScaleTest(ServerTest):
    options = ("--cells=2",)

    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-scale."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = guest_image(cls.folder / "image", "serve")

    def service(self, name, scale, image=None, **spec):
        manifest = function(name, f"oci:{(image or self.image).path}", f"/{name}", "default", scale=scale, **spec)
        manifest["kind"] = "Service"
        return manifest

    def deploy(self, name, scale, **spec):
        self.server.apply(self.service(name, scale, **spec))
        self.addCleanup(self.server.strata, "delete", "service", name)

    def refusal(self, manifest):
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(manifest)
        self.assertNotIn(f"Service/default/{manifest['metadata']['name']}", self.server.resources())
        return str(refused.exception)

    def sandboxes(self, name):
        """Groups of its living sandboxes."""
        root, ours = pathlib.Path("/sys/fs/cgroup"), f"strata-{self.server.group()}*"
        return [path for pattern in (f"pids/{ours}/?-{name}-*", f"{ours}/?-{name}-*") for path in root.glob(pattern)]

    def until_zero(self, name):
        self.assertTrue(eventually(lambda: not self.sandboxes(name)), self.log(name))

    def log(self, name):
        return self.server.strata("logs", name, "-n", "default").stdout

    def scale(self, name):
        return self.server.json("get", "service", name)["status"].get("scale", {})

    def lets_go(self, name):
        """Whether one of its replicas, but not the last, was let go."""
        steps = re.findall(r"scaled from (\d+) to (\d+)", self.log(name))
        return any(int(before) > int(after) > 0 for before, after in steps)

    def at_once(self, name, count, path=""):
        """That many requests at once: their answers."""
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.server.get(f"/{name}{path}")))
                   for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    # --- to zero and back

    def test_it_is_seen_to_come_up_and_then_let_go(self):
        self.deploy("seen", SOON_GONE)
        self.assertIn("listening", self.log("seen"))
        self.until_zero("seen")
        self.assertIn("scaled from 1 to 0: idle for", self.log("seen"))

    def test_what_does_not_come_up_is_refused_although_none_need_run(self):
        broken = guest_image(self.folder / "broken", "exit-3")
        self.assertIn("nothing listened at port 8080", self.refusal(self.service("broken", SOON_GONE, broken)))

    def test_a_request_brings_it_back_in_every_class(self):
        for name in ("container", "appkernel", "microvm"):
            with self.subTest(name):
                self.deploy(f"back-{name}", SOON_GONE, **{"class": name})
                self.until_zero(f"back-{name}")
                for _ in range(2):
                    answer = self.server.get(f"/back-{name}")
                    self.assertEqual((answer.status, answer.text), (200, "hello"))
                self.assertEqual(self.log(f"back-{name}").count("scaled from 0 to 1"), 1)

    def test_a_call_without_a_listener_brings_it_back(self):
        manifest = self.service("private", SOON_GONE)
        del manifest["spec"]["triggers"]
        self.server.apply(manifest)
        self.addCleanup(self.server.strata, "delete", "service", "private")
        self.until_zero("private")
        called = self.server.strata("invoke", "private")
        self.assert_exit(called, DONE)
        self.assertEqual(called.stdout, "hello")

    def test_many_requests_wait_for_one_start(self):
        self.deploy("many", SOON_GONE, health=slow_start(1))
        self.until_zero("many")
        self.assertEqual([answer.status for answer in self.at_once("many", 30)], [200] * 30)
        self.assertEqual(self.log("many").count("listening"), 2)  # with the one at the beginning

    def test_a_program_beside_it_keeps_it(self):
        self.deploy("kept", SOON_GONE)
        command = [BIN / "strata", "--home", self.server.home, "-n", "default", "exec", "-i", "kept", "--",
                   "/bin/guest", "echo"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as beside:
            beside.stdin.write("there\n")
            beside.stdin.flush()
            self.assertEqual(beside.stdout.readline(), "there\n")
            self.deploy("idle", SOON_GONE)
            self.until_zero("idle")
            self.assertTrue(self.sandboxes("kept"), self.log("kept"))
        self.until_zero("kept")

    def test_more_at_once_than_a_sandbox_holds_connections_for(self):
        """In these classes each costs a program beside the server, in the sandbox."""
        for name, count in (("appkernel", 40), ("microvm", 90)):
            with self.subTest(name):
                self.deploy(f"busy-{name}", {"min": 1, "max": 1}, **{"class": name})
                for _ in range(2):
                    answers = self.at_once(f"busy-{name}", count)
                    self.assertEqual([answer.status for answer in answers], [200] * count, self.log(f"busy-{name}"))
                self.assertNotIn("starting again", self.log(f"busy-{name}"))

    # --- who waits

    def test_more_than_may_wait_are_told_at_once(self):
        self.deploy("full", {**SOON_GONE, "concurrency": 1}, health=slow_start(3))
        self.until_zero("full")
        answers = self.at_once("full", 16)
        refused = [answer for answer in answers if answer.status != 200]
        self.assertEqual(sorted(answer.status for answer in answers), [200] * 10 + [503] * 6)
        self.assertEqual({(answer.problem, answer.headers["Retry-After"]) for answer in refused},
                         {("no-sandbox-left", "1")})

    def test_a_request_waits_for_no_longer_than_it_may(self):
        self.deploy("late", SOON_GONE, health=slow_start(4), limits={"timeout_ms": 500})
        self.until_zero("late")
        answer = self.server.get("/late")
        self.assertEqual((answer.status, answer.problem, answer.headers["Retry-After"]), (503, "unreachable", "1"))

    # --- it stays at zero

    def test_it_stays_at_zero_when_its_manager_and_its_keeper_die(self):
        self.deploy("stays", SOON_GONE)
        self.until_zero("stays")
        starts = self.log("stays").count("listening")
        self.server.kill_manager()
        self.server.up()
        self.assertEqual(self.sandboxes("stays"), [])
        for pid, words in self.server.processes().items():
            if words[0].endswith("/strata-keeper"):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: "starting a keeper anew" in self.server.log()))
        self.assertTrue(eventually(lambda: self.server.get("/stays").text == "hello"))
        self.assertEqual(self.log("stays").count("listening"), starts + 1)

    # --- with the load

    def test_replicas_come_and_go_without_a_lost_request(self):
        self.deploy("load", {"min": 1, "max": 3, "concurrency": 8, "keep_alive": "1s"})
        steady = Wrk(self, "/load", 8)
        for _ in range(2):
            more = Wrk(self, "/load", 40)
            grown = eventually(lambda: len(self.sandboxes("load")) == 3)
            answered, lost = more.stop()
            self.assertTrue(grown, self.log("load"))
            self.assertEqual(lost, [])
            self.assertGreater(answered, 100)
            self.assertTrue(eventually(lambda: len(self.sandboxes("load")) == 1), self.log("load"))
        answered, lost = steady.stop()
        self.assertEqual(lost, [])
        self.assertGreater(answered, 100)

    def test_one_that_goes_finishes_what_it_has_begun(self):
        self.deploy("finish", {"min": 0, "max": 4, "concurrency": 1, "keep_alive": "1s"})
        for _ in range(3):
            self.assertEqual({answer.text for answer in self.at_once("finish", 8, "/slow")}, {"slow"})
        answers = []

        def goes_meanwhile():  # a second each
            answers.append(self.server.request("POST", "/finish/slow").text)
            return self.lets_go("finish")
        self.assertTrue(eventually(goes_meanwhile), self.log("finish"))
        self.assertEqual(set(answers), {"slow"})

    def test_it_scales_without_a_manager_and_tells_the_next(self):
        self.deploy("alone", {"min": 0, "max": 2, "concurrency": 8, "keep_alive": "1s"})
        self.until_zero("alone")
        self.server.kill_manager()
        try:
            load = Wrk(self, "/alone", 24)
            grown = eventually(lambda: len(self.sandboxes("alone")) == 2)
            for _ in range(30):  # both are there before the first of them answers
                self.assertEqual(self.server.get("/alone").status, 200)
            answered, lost = load.stop()
            gone = eventually(lambda: not self.sandboxes("alone"))
        finally:
            self.server.up()
        self.assertTrue(grown and gone, self.log("alone"))
        self.assertEqual(lost, [])
        self.assertGreater(answered, 100)
        self.assertIn("scaled from 0 to", self.log("alone"))
        self.assertTrue(eventually(lambda: self.scale("alone").get("last")))
        self.assertEqual((self.scale("alone")["desired"], self.scale("alone")["last"]["to"]), (0, 0))
        metrics = self.server.api("GET", "/metrics").text
        self.assertIn('strata_keeper_cold_starts_total{class="container",function="alone",namespace="default"} 1',
                      metrics)

    # --- what is shown

    def test_it_is_shown_how_many_there_are_and_why(self):
        self.deploy("shown", SOON_GONE)
        self.until_zero("shown")
        self.assertTrue(eventually(lambda: self.scale("shown").get("ready") == 0))
        zero = self.scale("shown")
        self.assertEqual((zero["desired"], zero["max"], zero["waiting"]), (0, 1, 0))
        self.assertEqual((zero["last"]["from"], zero["last"]["to"]), (1, 0))
        self.assertIn("idle for", zero["last"]["why"])
        self.assertIn("0/0 (max 1)", self.server.strata("get", "service", "shown").stdout)
        explained = self.server.strata("explain", "shown").stdout
        self.assertIn("Replicas: 0 of 0 serve, at most 1.", explained)
        self.assertRegex(explained, "Scaled from 1 to 0 at .*: idle for")
        load = Wrk(self, "/shown", 1)
        self.assertTrue(eventually(lambda: self.scale("shown")["ready"] == 1))
        self.assertEqual(self.scale("shown")["last"]["from"], 0)
        self.assertIn("1/1 (max 1)", self.server.strata("top").stdout)
        metrics = self.server.api("GET", "/metrics").text
        for name in ("cold_starts_total", "replicas_ready"):
            self.assertIn(f'strata_keeper_{name}{{class="container",function="shown",namespace="default"}} 1', metrics)
        load.stop()
        self.assertIn("scaled", self.server.log())

    def test_forms_side_by_side_scale_each_by_itself(self):
        self.deploy("forms", SOON_GONE)
        self.server.apply(route("forms-safer", {"function": "forms", "class": "appkernel"}))
        self.addCleanup(self.server.strata, "delete", "service", "forms")
        self.addCleanup(self.server.strata, "delete", "route", "forms-safer")

        def ready():
            return {line.split()[2]: line.split()[-3] for line in self.server.strata("top").stdout.splitlines()
                    if " forms " in line}
        self.assertEqual([self.server.get(path).text for path in ("/forms", "/forms-safer")], ["hello", "hello"])
        self.until_zero("forms")
        load = Wrk(self, "/forms-safer", 1)
        self.assertTrue(eventually(lambda: ready() == {"container": "0/0", "appkernel": "1/1"}), ready())
        self.assertEqual(self.scale("forms")["desired"], 0)
        self.assertEqual(load.stop()[1], [])

    # --- refusals

    def test_what_cannot_be_is_refused(self):
        def said(scale, **spec):
            return self.refusal(self.service("no", scale, **spec))
        self.assertIn("'replicas' is a fixed number", said({"max": 2}, replicas=2))
        self.assertIn("'min' is 3, but 'max' is 2", said({"min": 3, "max": 2}))
        self.assertIn("spec.scale.max", said({"max": 1001}))
        self.assertIn("spec.scale.concurrency", said({"concurrency": 0}))
        self.assertIn("is no time; write 'auto'", said({"keep_alive": "soon"}))
        self.assertIn("always started again", said({"max": 2}, restart="never"))
        wasm = {**hello("no", "/no", "default", scale={"max": 2}), "kind": "Service"}
        self.assertIn("spec.scale: a wasm service has no process", self.refusal(wasm))
        self.assertEqual(json.loads(self.server.api("GET", "/v1/namespaces/default/services/no").body)
                         .get("status"), 404)


if __name__ == "__main__":
    unittest.main()
