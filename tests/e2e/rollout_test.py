"""Rollouts: traffic that moves to another revision or class by itself, or back, without a failed request."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import unittest

from crash.load import SteadyClient
from e2e import guests
from e2e.forms_test import FormsCase, route, says
from e2e.images import guest_image
from e2e.placement_test import RECORD
from e2e.support import BIN, DONE, NOT_FOUND, TRY_LATER, USAGE, WRONG_STATE, documents, eventually, function, hello

QUICK = ("--interval", "200ms", "--min-calls", "20")


def busy(turns):
    """A guest that counts that far before it says "two"."""
    return guests.web_module(
        "(local $n i32) (loop $again (local.set $n (i32.add (local.get $n) (i32.const 1)))"
        f" (br_if $again (i32.lt_u (local.get $n) (i32.const {turns})))) (i64.const 3)",
        '(data (i32.const 0) "two")')


class AnyClient(SteadyClient):
    """Takes any 200 for an answer, and counts who gave it."""

    def __init__(self, server, path, connections=3):
        super().__init__(server, path, None, connections)
        self.seen = set()

    def fits(self, body):
        self.seen.add(body.decode())
        return True


class RolloutCase(FormsCase):
    def file(self, name, guest, **spec):
        """A manifest on disk whose guest is this text, with a trigger of its own."""
        path = self.folder / f"{name}-{abs(hash(guest)) % 10**8}.wat"
        path.write_text(guest)
        manifest = function(name, path, f"/{name}", "default", **spec)
        file = path.with_suffix(".yaml")
        file.write_text(documents(manifest))
        return file

    def deploy(self, *words, **spec):
        file = self.file(*words, **spec)
        done = self.server.strata("apply", "-f", str(file))
        self.assertEqual(done.returncode, 0, done.stderr)

    def status(self, name, kind="function"):
        return self.server.json("describe", kind, name)["status"]

    def rollout(self, *words):
        return self.server.json("rollout", *words)

    def client(self, path):
        client = AnyClient(self.server, path).start()
        self.addCleanup(client.stop)
        return client

    def ended(self, name):
        """The rollout once it has ended."""
        def over():
            found = self.rollout("status", name)
            return found["state"] != "running" and found
        return eventually(over)


class RevisionRolloutTest(RolloutCase):
    def test_a_good_revision_gets_everything_step_by_step(self):
        self.deploy("good", says("one"))
        client = self.client("/good")
        started = self.rollout("start", "good", "--to", str(self.file("good", says("two"))), "--steps", "20,50,100", *QUICK)
        self.assertEqual((started["state"], started["share"]), ("running", 20))
        self.assertEqual((started["stable"]["revision"], started["canary"]["revision"]), (1, 2))
        ended = self.ended("good")
        self.assertEqual((ended["state"], ended["share"]), ("promoted", 100), ended)
        self.assertRegex(ended["because"], r"\d+ calls: 0 failed, p99")
        self.assertEqual(set(self.answers("/good", 20)), {"two"})
        client.stop()
        self.assertEqual(client.all_failures(), [])
        self.assertEqual(client.seen, {"one", "two"})
        shown = self.server.strata("rollout", "status", "good").stdout
        self.assertIn("default/good: promoted, 100 % to the canary", shown)
        self.assertIn('rollout', self.server.json("describe", "function", "good")["status"])

    def test_a_revision_that_fails_loses_its_traffic(self):
        self.deploy("bad", says("one"))
        client = SteadyClient(self.server, "/bad", b"one").start()
        self.addCleanup(client.stop)
        self.rollout("start", "bad", "--to", str(self.file("bad", guests.UNREACHABLE)), "--steps", "50,100",
                     "--interval", "1h", "--min-calls", "20")
        ended = self.ended("bad")
        self.assertEqual((ended["state"], ended["share"]), ("rolled back", 0))
        self.assertRegex(ended["because"], r"\d+ of \d+ calls failed")
        self.assertEqual(set(self.answers("/bad", 30)), {"one"})
        self.assertIn("rolled back", self.server.log())
        # The manifest is deployed all the same, and applying it again changes nothing.
        self.assertEqual(self.server.json("describe", "function", "bad")["status"]["revision"], 2)

    def test_a_revision_that_is_slower_loses_its_traffic(self):
        slow = busy(60_000_000)
        self.deploy("slow", says("one"))
        client = self.client("/slow")
        self.rollout("start", "slow", "--to", str(self.file("slow", slow)), "--steps", "50,100",
                     "--interval", "1h", "--min-calls", "20", "--slower", "1")
        ended = self.ended("slow")
        self.assertEqual(ended["state"], "rolled back")
        self.assertIn("the stable side's p99", ended["because"])
        client.stop()
        self.assertEqual(client.all_failures(), [])

    def test_it_goes_on_after_the_manager_was_killed(self):
        self.deploy("kept", says("one"))
        self.rollout("start", "kept", "--to", str(self.file("kept", says("two"))), "--steps", "50,100", *QUICK)
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertEqual(self.rollout("status", "kept")["state"], "running")
        client = self.client("/kept")
        self.assertEqual(self.ended("kept")["state"], "promoted")
        client.stop()
        self.assertEqual(client.all_failures(), [])

    def test_by_hand(self):
        self.deploy("hand", says("one"))
        self.deploy("hand", says("two"))
        self.rollout("start", "hand", "--to", "1", "--steps", "50,100", "--interval", "1h")
        self.assertEqual(set(self.answers("/hand", 60)), {"one", "two"})
        self.assert_exit(self.server.strata("rollout", "start", "hand", "--to", "1"), WRONG_STATE, "is running")
        self.assert_exit(self.server.strata("rollout", "undo", "hand"), WRONG_STATE, "is running, not promoted")
        self.assertEqual(self.rollout("promote", "hand")["share"], 100)
        self.assertEqual(set(self.answers("/hand", 20)), {"one"})
        self.assertEqual(self.rollout("undo", "hand")["because"], "undone by hand")
        self.assertEqual(set(self.answers("/hand", 20)), {"two"})
        self.rollout("start", "hand", "--to", "1", "--steps", "50,100", "--interval", "1h")
        self.assertEqual(self.rollout("abort", "hand")["state"], "rolled back")
        self.assertEqual(set(self.answers("/hand", 20)), {"two"})

    def test_a_new_revision_ends_it(self):
        self.deploy("ends", says("one"))
        self.deploy("ends", says("two"))
        self.rollout("start", "ends", "--to", "1", "--interval", "1h")
        self.deploy("ends", says("three"))
        self.assert_exit(self.server.strata("rollout", "status", "ends"), NOT_FOUND, "there is no rollout")
        self.assertEqual(set(self.answers("/ends", 20)), {"three"})

    def test_what_makes_no_sense_is_refused(self):
        self.deploy("sense", says("one"))
        start = ("rollout", "start", "sense", "--to")
        self.assert_exit(self.server.strata(*start, "1"), WRONG_STATE, "goes there already")
        self.assert_exit(self.server.strata(*start, "7"), NOT_FOUND, "has no revision 7 (any more); it has 1")
        self.assert_exit(self.server.strata(*start, "contianer"), USAGE, "no class", "did you mean 'container'?")
        self.assert_exit(self.server.strata(*start, "nosuch"), USAGE, "no number of a revision, no class")
        self.assert_exit(self.server.strata("rollout", "start", "sence", "--to", "1"), NOT_FOUND, "did you mean 'sense'?")
        self.assert_exit(self.server.strata(*start, "container"), USAGE, "asks for class 'container' but")
        same = str(self.file("sense", says("one")))
        self.assert_exit(self.server.strata(*start, same), WRONG_STATE, "no new revision")
        other = str(self.file("other", says("one")))
        self.assert_exit(self.server.strata(*start, other), USAGE, "default/sense alone")
        new = str(self.file("sense", says("two")))
        self.assert_exit(self.server.strata(*start, new, "--steps", "50,10,100"), USAGE, "percents that rise")
        self.assert_exit(self.server.strata(*start, new, "--max-error-rate", "5"), USAGE, "a share")
        self.assert_exit(self.server.strata(*start, new, "--interval", "soon"), USAGE, "no duration")
        for long in ("1000000h", "169h", "9" * 30 + "s"):
            self.assert_exit(self.server.strata(*start, new, "--interval", long), USAGE,
                             f"--interval: '{long}' is more than a week (168h)")
        for option in ("--max-error-rate", "--slower"):
            self.assert_exit(self.server.strata(*start, new, option, "5%"), USAGE, f"{option}: '5%' is no share", "0.05 is 5 %")
        self.assert_exit(self.server.strata(*start, "container"), USAGE,
                         "the rollout asks for class 'container' but the artifact is wasm; spec.variants")
        self.assert_exit(self.server.strata("rollout", "start", "nobody", "--to", "1"), NOT_FOUND, "default/nobody")
        self.assertEqual(self.server.json("describe", "function", "sense")["status"]["revision"], 1)


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class MeasuredCase(RolloutCase):
    """With an image, and figures of every class."""

    @classmethod
    def prepare(cls):
        super().prepare()
        guest_image(cls.folder / "image", "hello")
        answer = cls.server.api("PUT", "/v1/measurements", RECORD)
        assert answer.status == 200, answer.text


class ClassRolloutTest(MeasuredCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        (cls.folder / "hello.wat").write_text(says("wasm"))
        manifest = function("moves", "", "/moves", "default", variants=[
            {"artifact": str(cls.folder / "hello.wat")}, {"artifact": f"oci:{cls.folder / 'image'}"}])
        del manifest["spec"]["artifact"]
        cls.manifest = manifest

    def test_a_move_to_another_class_and_back(self):
        self.server.apply(self.manifest)
        client = self.client("/moves")
        self.rollout("start", "moves", "--to", "container", "--steps", "50,100", "--slower", "10000", *QUICK)
        ended = self.ended("moves")
        self.assertEqual((ended["state"], ended["canary"]["class"]), ("promoted", "container"), ended)
        self.assertEqual(set(self.answers("/moves", 10)), {"hello"})
        # The wasm side is let go of after a while, and is made ready again when it is needed.
        self.assertTrue(eventually(lambda: "moved" in self.status("moves")))
        self.assertEqual((self.status("moves")["class"], self.status("moves")["moved"]["class"]), ("container",) * 2)
        self.assertEqual(self.server.strata("invoke", "moves", "-n", "default").stdout, "hello")
        explained = self.server.strata("explain", "moves").stdout
        self.assertRegex(explained, "^default/moves runs in class container, revision 1, since .*p99")
        self.assertIn("was placed in class wasm", explained)
        self.assertEqual(self.server.json("explain", "moves")["moved"]["class"], "container")
        self.rollout("undo", "moves")
        self.assertTrue(eventually(lambda: self.status("moves")["class"] == "wasm"))
        self.assertEqual(set(self.answers("/moves", 10)), {"wasm"})
        client.stop()
        self.assertEqual(client.all_failures(), [])

    def test_a_new_revision_after_a_move_begins_beside_the_class_that_has_the_traffic(self):
        def version(word):
            path = self.folder / f"{word}.wat"
            path.write_text(says(word))
            after = function("after", "", "/after", "default",
                             variants=[{"artifact": str(path)}, {"artifact": f"oci:{self.folder / 'image'}"}])
            del after["spec"]["artifact"]
            return after
        self.server.apply(version("first"))
        self.rollout("start", "after", "--to", "container", "--steps", "50,100", "--interval", "1h")
        self.rollout("promote", "after")
        self.assertEqual(set(self.answers("/after", 5)), {"hello"})
        file = self.folder / "second.yaml"
        file.write_text(documents(version("second")))
        started = self.rollout("start", "after", "--to", str(file), "--steps", "50,100", "--interval", "1h")
        self.assertEqual((started["stable"]["revision"], started["stable"]["class"]), (1, "container"))
        self.assertEqual((started["canary"]["revision"], started["canary"]["class"]), (2, "wasm"))
        self.assertEqual(set(self.answers("/after", 60)), {"hello", "second"})
        self.rollout("abort", "after")
        self.assertEqual(set(self.answers("/after", 20)), {"hello"})
        self.assertTrue(eventually(lambda: self.status("after")["class"] == "container"))
        self.assertEqual(set(self.answers("/after", 20)), {"hello"})

    def test_no_request_fails_in_twenty_switches(self):
        self.server.apply(self.manifest)
        self.server.apply(route("switch", {"function": "moves", "class": "wasm"}))
        self.assertEqual(self.server.get("/switch").status, 200)
        client = self.client("/switch")
        for number in range(20):
            target = "container" if number % 2 == 0 else "wasm"
            before = client.total()
            self.server.apply(route("switch", {"function": "moves", "class": target}))
            eventually(lambda: client.total() >= before + 3)
        client.stop()
        self.assertEqual(client.all_failures(), [])
        self.assertEqual(client.seen, {"hello", "wasm"})


class SloCase(MeasuredCase):
    """Workloads as wasm and as image, which have no class of their own."""

    def both(self, name, guest, namespace="default", **spec):
        (self.folder / f"{name}.wat").write_text(guest)
        manifest = function(name, "", f"/{name}", namespace, limits={"cpu_time_ms": 5000}, **spec)
        del manifest["spec"]["artifact"]
        manifest["spec"]["variants"] = [{"artifact": str(self.folder / f"{name}.wat")},
                                        {"artifact": f"oci:{self.folder / 'image'}"}]
        return manifest

    def moved(self, name, namespace="default"):
        return eventually(lambda: self.server.json("-n", namespace, "describe", "function", name)["status"].get("rollout"))



class StoppedCellTest(RolloutCase):
    """Cells of another namespace that do nothing any more."""

    def stop(self, namespace):
        cells = [cell["pid"] for cell in self.server.json("status")["cells"] if cell["namespace"] == namespace]
        self.assertTrue(cells)
        for pid in cells:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(os.kill, pid, signal.SIGCONT)
        return cells

    def test_a_rollback_asks_nothing_of_other_namespaces(self):
        self.server.apply(hello("beside", "/beside", "other"))
        self.deploy("mine", says("one"))
        self.rollout("start", "mine", "--to", str(self.file("mine", says("two"))), "--steps", "99,100", "--interval", "1h")
        self.stop("other")
        self.assertEqual(self.rollout("abort", "mine")["state"], "rolled back")  # it fails if a cell was not told
        self.assertEqual(set(self.answers("/mine", 50)), {"one"})

    def test_a_cell_that_does_not_answer_is_told_later(self):
        self.server.apply(hello("late", "/late", "third"))
        self.deploy("sure", says("one"))
        self.rollout("start", "sure", "--to", str(self.file("sure", says("two"))), "--steps", "99,100", "--interval", "1h")
        stopped = self.stop("third")
        (self.folder / "changed.wat").write_text(says("changed"))
        changed = documents(function("late", self.folder / "changed.wat", "/late", "third"))
        self.assert_exit(self.server.strata("apply", "-f", "-", stdin=changed), TRY_LATER, "being tried again")
        self.assertEqual(self.rollout("abort", "sure")["state"], "rolled back")
        self.assertEqual(set(self.answers("/sure", 50)), {"one"})
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        self.assertTrue(eventually(lambda: self.server.get("/late").text == "changed"))


class SloTest(SloCase):
    """Traffic leaves a class by itself."""

    def test_a_class_that_misses_its_slo_is_left_for_the_next(self):
        placed = self.server.apply(self.both("late", busy(100_000_000), slo={"p99_ms": 35}))
        self.assertEqual(placed["changes"][0]["placement"]["class"], "wasm")
        client = AnyClient(self.server, "/late", 4).start()
        self.addCleanup(client.stop)
        moved = self.moved("late")
        client.stop()
        self.assertEqual((moved["state"], moved["canary"]["class"]), ("promoted", "container"), moved)
        self.assertRegex(moved["because"], r"^class wasm: slo.p99_ms is 35, and .* class container is next: ")
        self.assertEqual(client.all_failures(), [])
        self.assertEqual(set(self.answers("/late", 5)), {"hello"})
        self.assertIn("class wasm: slo.p99_ms is 35", self.server.strata("explain", "late").stdout)
        self.assertIn("class wasm: slo.p99_ms is 35", self.server.log())
        # Who takes it back is believed.
        self.assertEqual(self.rollout("undo", "late")["share"], 0)
        self.assertEqual(set(self.answers("/late", 5)), {"two"})

    def test_a_class_is_left_also_by_a_revision_beside_which_another_was_given_up(self):
        slo = {"slo": {"p99_ms": 35}}
        self.server.apply(self.both("given", busy(100_000_002), **slo))
        newer = self.folder / "given.yaml"
        newer.write_text(documents(self.both("given", busy(100_000_003), **slo)))
        self.rollout("start", "given", "--to", str(newer), "--steps", "1,100", "--interval", "1h")
        self.assertEqual(self.rollout("abort", "given")["stable"]["target"], "@1")
        client = AnyClient(self.server, "/given", 4).start()
        self.addCleanup(client.stop)
        moved = eventually(lambda: self.rollout("status", "given")["state"] == "promoted")
        self.assertTrue(moved, self.rollout("status", "given"))
        client.stop()
        canary = self.rollout("status", "given")["canary"]
        self.assertEqual((canary["target"], canary["revision"]), ("@1:container", 1))
        self.assertEqual(client.all_failures(), [])
        self.assertEqual(set(self.answers("/given", 5)), {"hello"})

    def test_a_class_that_was_named_is_not_left(self):
        # An artifact of its own: what the other test's calls taught would refuse it.
        self.server.apply(self.both("named", busy(100_000_001), slo={"p99_ms": 35}, **{"class": "wasm"}))
        client = AnyClient(self.server, "/named", 4).start()
        self.addCleanup(client.stop)
        eventually(lambda: client.total() > 1000)
        self.assertNotIn("rollout", self.server.json("describe", "function", "named")["status"])


class PacedClient:
    """Sends so many requests a second, whatever became of those before, and keeps what each was answered."""

    def __init__(self, server, path, rate):
        self.server, self.path, self.rate = server, path, rate
        self.answers = []
        self.stopping = threading.Event()
        self.pacer = threading.Thread(target=self.pace)
        self.calls = []

    def start(self):
        self.pacer.start()
        return self

    def pace(self):
        while not self.stopping.wait(1 / self.rate):
            self.calls.append(threading.Thread(target=self.call))
            self.calls[-1].start()

    def call(self):
        answer = self.server.get(self.path)
        self.answers.append((answer.status, answer.text))

    def stop(self):
        self.stopping.set()
        for thread in [self.pacer, *self.calls]:
            thread.join()


class ExhaustedTest(SloCase):
    """There is room for two sandboxes in a cell, and for two of each other class."""

    options = ("--max-sandboxes=2", "--cells=1")

    def test_what_is_too_much_for_a_pool_goes_to_the_next_class_and_comes_back(self):
        placed = self.server.apply(self.both("full", guests.sleeps(1000), "default"))
        self.assertEqual(placed["changes"][0]["placement"]["class"], "wasm")
        many = PacedClient(self.server, "/full", 6).start()  # two a second find a sandbox
        try:
            moved = self.moved("full")
        finally:
            many.stop()
        self.assertIn(503, [status for status, _ in many.answers])
        self.assertEqual((moved["state"], moved["canary"]["class"]), ("promoted", "container"), moved)
        self.assertRegex(moved["because"], r"^class wasm: \d+ of its last \d+ calls found no sandbox; (\d+) % stay; "
                                           "class container is next: ")
        self.assertTrue(50 <= moved["share"] <= 90, moved)
        # Both serve; the workload is what it was.
        self.assertEqual(self.status("full")["class"], "wasm")
        self.assertEqual(set(self.answers("/full", 40)), {"slept", "hello"})
        explained = self.server.strata("explain", "full").stdout
        self.assertIn("default/full runs in class wasm", explained)
        self.assertRegex(explained, rf"{moved['share']} % of its traffic to revision 1 in class container: .*% stay; class container")
        # A few calls are no load.
        back = eventually(lambda: self.rollout("status", "full")["canary"]["class"] == "wasm")
        self.assertTrue(back, self.rollout("status", "full"))
        ended = self.rollout("status", "full")
        self.assertEqual((ended["state"], ended["share"]), ("promoted", 100), ended)
        self.assertRegex(ended["because"], "its overflow comes back: for 30 s no more calls came than its class carries")
        # The class that it went to never had all of it.
        self.assert_exit(self.server.strata("rollout", "undo", "full"), WRONG_STATE, "its overflow has come back")
        self.assertEqual(set(self.answers("/full", 5)), {"slept"})

    def test_why_traffic_stays_is_said(self):
        manifest = self.both("stuck", guests.sleeps(1001), "default")
        manifest["spec"]["class"] = "wasm"
        self.server.apply(manifest)
        many = PacedClient(self.server, "/stuck", 6).start()
        try:
            stays = eventually(lambda: self.status("stuck").get("stays"))
        finally:
            many.stop()
        self.assertRegex(stays["because"], "of its last .* calls found no sandbox")
        self.assertEqual(stays["why"], "its class is named (spec.class)")
        self.assertRegex(self.server.strata("explain", "stuck").stdout,
                         r"It stays there although .* found no sandbox.*: its class is named \(spec.class\)")
        self.assertEqual(self.server.json("explain", "stuck")["stays"], stays)


class Gated:
    """A service that is ready when, and only when, the test lets it."""

    def gate(self):
        door = self.folder / "door"
        door.mkdir()
        (door / "closed").touch()
        self.addCleanup(shutil.rmtree, door)
        return door

    def gated(self, name, image, door, **spec):
        manifest = function(name, f"oci:{image.path}", f"/{name}", "default", **spec,
                            grants={"dirs": [{"host": str(door), "guest": "/door", "mode": "ro"}]},
                            health={"readiness": {"exec": {"command": ["/bin/guest", "absent", "/door/closed"]},
                                                  "period_ms": 100, "failureThreshold": 1}})
        return {**manifest, "kind": "Service"}

    def begin(self, *words):
        """A command that goes on while the test does."""
        command = [BIN / "strata", "--home", self.server.home, "-o", "json", *words]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running


class SloBesideTest(SloCase, Gated):
    def test_a_move_that_has_to_wait_keeps_no_other_namespace_waiting(self):
        slow = {"slo": {"p99_ms": 35}}
        self.server.apply(self.both("late", busy(100_000_000), **slow), self.both("free", busy(100_000_001), "other", **slow))
        # Whoever changes something of a namespace has its turn until what it starts is ready.
        image = guest_image(self.folder / "server", "serve")
        service = self.gated("gated", image, self.gate())
        service["spec"]["health"]["readiness"]["period_ms"] = 600_000  # for so long it is given time
        file = self.folder / "gated.yaml"
        file.write_text(documents(service))
        applying = self.begin("apply", "-f", str(file))
        self.assertTrue(any('"starting"' in line for line in applying.stderr))
        late = AnyClient(self.server, "/late", 4).start()
        self.addCleanup(late.stop)
        self.assertTrue(eventually(lambda: re.search("a class does not do.*default/late", self.server.log())))
        late.stop()
        free = AnyClient(self.server, "/free", 4).start()
        self.addCleanup(free.stop)
        self.assertEqual(self.moved("free", "other")["canary"]["class"], "container")
        self.assertIsNone(applying.poll())
        self.assertNotIn("rollout", self.server.json("describe", "function", "late")["status"])


class PausedTest(MeasuredCase):
    def test_what_is_paused_stays_where_it_is(self):
        image = guest_image(self.folder / "server", "serve")
        calm = function("calm", f"oci:{image.path}", "/calm", "default", limits={"timeout_ms": 100})
        calm["kind"] = "Service"
        self.assertEqual(self.server.apply(calm)["changes"][0]["placement"]["class"], "container")
        self.assert_exit(self.server.strata("pause", "calm"), DONE)

        def left_alone():
            self.assertEqual(self.server.get("/calm").status, 503)
            return "a paused workload stays in its class" in self.server.log()
        self.assertTrue(eventually(left_alone))
        described = self.server.json("describe", "service", "calm")["status"]
        self.assertNotIn("rollout", described)
        self.assertTrue(described["sandboxes"]["states"][0]["paused"])
        self.assert_exit(self.server.strata("resume", "calm"), DONE)
        self.assertEqual(self.server.get("/calm").text, "hello")


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class PreparedTest(RolloutCase, Gated):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.image = guest_image(cls.folder / "server", "serve")

    def servers(self):
        """Processes of this server's guests."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command, group = (folder / "cmdline").read_bytes(), (folder / "cgroup").read_text()
            except OSError:  # it has just ended
                continue
            if command.startswith(b"/bin/guest\0serve") and f"strata-{self.server.group()}" in group:
                found.append(folder.name)
        return found

    def test_what_was_deleted_ends_also_when_whoever_had_the_turn_changes_nothing(self):
        door = self.gate()
        (door / "closed").unlink()
        self.server.apply(self.gated("gone", self.image, door))
        (door / "closed").touch()
        file = self.folder / "beside.yaml"
        file.write_text(documents(self.gated("beside", self.image, door)))
        applying = self.begin("apply", "-f", str(file))
        self.assertTrue(any('"starting"' in line for line in applying.stderr))
        starting = self.begin("rollout", "start", "gone", "--to", "9")  # waits for the turn
        self.assert_exit(self.server.strata("delete", "service", "gone"), DONE)
        self.assertEqual(len(self.servers()), 2)
        self.server.apply(hello("thief", "/beside", "other"))  # now that route is taken
        (door / "closed").unlink()
        _, error = applying.communicate()
        self.assertIn("/beside", error)
        starting.communicate()
        self.assertEqual((applying.returncode, starting.returncode), (WRONG_STATE, NOT_FOUND), error)
        self.assertTrue(eventually(lambda: not self.servers()))

    def test_the_side_without_traffic_is_let_go_of(self):
        door = self.gate()
        (door / "closed").unlink()
        newer = guest_image(self.folder / "newer", "serve", "again")
        self.addCleanup(self.server.strata, "delete", "service", "side")
        self.server.apply(self.gated("side", self.image, door, env={"GREETING": "one"}))
        file = self.folder / "side.yaml"
        file.write_text(documents(self.gated("side", newer, door, env={"GREETING": "two"})))
        self.rollout("start", "side", "--to", str(file), "--steps", "50,100", "--interval", "1h")
        self.assertEqual(len(self.servers()), 2)
        self.rollout("abort", "side")
        self.assertTrue(eventually(lambda: len(self.servers()) == 1))
        greeting = lambda: self.server.strata("exec", "side", "--", "/bin/guest", "getenv", "GREETING").stdout.strip()
        self.assertEqual(greeting(), "one")
        self.assertEqual(self.status("side", "service")["moved"]["revision"], 1)
        self.rollout("start", "side", "--to", "2", "--steps", "50,100", "--interval", "1h")  # its image is here still
        self.rollout("promote", "side")
        self.assertTrue(eventually(lambda: len(self.servers()) == 1))
        self.assertEqual(greeting(), "two")

    def test_a_revision_that_was_long_replaced_has_its_image_still(self):
        self.addCleanup(self.server.strata, "delete", "function", "back")
        for word in ("hello", "identity", "echo"):
            image = guest_image(self.folder / f"back-{word}", word)
            self.server.apply(function("back", f"oci:{image.path}", "/back", "default"))
        self.server.kill_manager()
        self.server.up(self.server.address)
        self.assertNotEqual(self.server.get("/back").text, "hello")
        self.rollout("start", "back", "--to", "1", "--steps", "100", "--interval", "1h")
        self.assertEqual(self.server.get("/back").text, "hello")

    def test_what_was_started_for_a_rollout_that_comes_to_nothing_ends(self):
        door = self.gate()
        (door / "closed").unlink()
        for revision in ("one", "two"):
            self.server.apply(self.gated("web", self.image, door, env={"GREETING": revision}))
        (door / "closed").touch()
        starting = self.begin("rollout", "start", "web", "--to", "1")
        listening = lambda: self.server.strata("logs", "web", "-n", "default").stdout.count("listening")
        self.assertTrue(eventually(lambda: listening() == 3))
        self.assert_exit(self.server.strata("delete", "service", "web"), DONE)
        (door / "closed").unlink()
        _, error = starting.communicate()
        self.assertEqual(starting.returncode, NOT_FOUND, error)
        self.assertTrue(eventually(lambda: not self.servers()))


if __name__ == "__main__":
    unittest.main()
