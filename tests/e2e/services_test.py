"""Services from container images: started, reached, logged, restarted, replaced and ended."""

import json
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import unittest

from e2e.images import Image, folder, guest_image, guest_layer, tar
from e2e.support import (DONE, NOT_FOUND, UNSUPPORTED, WRONG_STATE, ServerTest, eventually, function, hello,
                         of_class)

BASE = guest_layer()
CLASSES = ("container", "appkernel", "microvm", "container-in-microvm")


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ServicesTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-service."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = guest_image(cls.folder / "image", "serve")

    def service(self, name, image=None, **spec):
        manifest = function(name, f"oci:{(image or self.image).path}", f"/{name}", "default", **spec)
        manifest["kind"] = "Service"
        return manifest

    def deploy(self, name, image=None, **spec):
        self.server.apply(self.service(name, image, **spec))
        self.addCleanup(self.server.strata, "delete", "service", name)

    def refusal(self, *manifests):
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(*manifests)
        return str(refused.exception)

    # --- requests

    def test_a_service_runs_in_every_class_that_can(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"in-{name}", **of_class(name))
                for _ in range(3):
                    answer = self.server.get(f"/in-{name}")
                    self.assertEqual((answer.status, answer.text), (200, "hello"))
                    self.assertEqual(answer.headers["x-guest"], "yes")

    def test_a_dry_run_starts_nothing(self):
        first = json.dumps(self.service("dry", env={"GREETING": "one"}))
        self.addCleanup(self.server.strata, "delete", "service", "dry")
        self.assert_exit(self.server.strata("-o", "json", "apply", "-f", "-", stdin=first), DONE, '"starting"')
        changed = json.dumps(self.service("dry", env={"GREETING": "two"}))
        ends = guest_image(self.folder / "ends", "exit", "3")
        fresh = json.dumps(self.service("fresh", ends))
        for manifest in (changed, fresh):
            shown = self.server.strata("-o", "json", "apply", "--dry-run", "-f", "-", stdin=manifest)
            self.assert_exit(shown, DONE, '"preparing"')
            self.assertNotIn('"starting"', shown.stderr)
        self.assertEqual(self.server.get("/dry/env").text, "one")
        lines = self.server.strata("logs", "dry", "-n", "default").stdout
        self.assertEqual(lines.count("listening"), 1, lines)

    def test_one_process_serves_all_its_requests(self):
        self.deploy("same")
        pids = {self.server.get("/same/pid").text for _ in range(5)}
        self.assertEqual(len(pids), 1)
        self.assertIn("; kept ready: running servers (1).", self.server.strata("explain", "same").stdout)

    def test_bodies_go_both_ways(self):
        self.deploy("body")
        body = os.urandom(300_000)
        self.assertEqual(self.server.request("POST", "/body/echo", body).body, body)
        self.assertEqual(self.server.get("/body/chunks").text, "onetwo")
        self.assertEqual(self.server.get("/body/close").text, "until the end")
        head = self.server.request("HEAD", "/body")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_a_client_cannot_say_where_it_comes_from(self):
        self.deploy("head")
        head = self.server.get("/head/head", {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6",
                                              "X-Mine": "1", "Connection": "x-mine",
                                              "X-Other": "2"}).text.lower()
        self.assertNotIn("6.6.6.6", head)
        self.assertNotIn("x-mine", head)
        self.assertIn("x-other: 2", head)
        self.assertIn("x-forwarded-for: 127.0.0.1\r\n", head)

    def test_calls_run_at_once(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"many-{name}", limits={"memory_mib": 256}, **of_class(name))
                answers = []
                threads = [threading.Thread(target=lambda path=f"/many-{name}/slow":
                                            answers.append(self.server.get(path).text))
                           for _ in range(12)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(answers, ["slow"] * 12)

    def test_the_manifests_environment_and_the_port(self):
        self.deploy("greets", port=9000, env={"GREETING": "good morning"})
        self.assertEqual(self.server.get("/greets/env").text, "good morning")

    def test_a_program_has_no_exports_to_call(self):
        self.server.apply(function("program", f"oci:{self.image.path}", "/program", "default"))
        called = self.server.strata("invoke", "program", "--export", "add", "1", "2")
        self.assert_exit(called, UNSUPPORTED)

    def test_a_function_may_be_kept_warm(self):
        manifest = function("warm", f"oci:{self.image.path}", "/warm", "default", guest="http")
        self.server.apply(manifest)
        pids = {self.server.get("/warm/pid").text for _ in range(3)}
        self.assertEqual(len(pids), 1)

    # --- its life

    def test_a_replica_that_ends_is_started_again(self):
        self.deploy("again")
        self.assertIn(self.server.get("/again/exit").status, (502, 503))
        self.assertEqual(self.server.get("/again").text, "hello")
        self.assertTrue(eventually(lambda: "returned 7" in self.log("again")))

    def test_replicas_share_the_load(self):
        self.deploy("two", replicas=2)
        self.assertTrue(eventually(lambda: self.log("two").count("listening") == 2))
        hosts = set()
        for _ in range(20):
            answers = [self.server.connect() for _ in range(4)]
            for connection in answers:
                connection.request("GET", "/two/host")
            hosts |= {connection.getresponse().read() for connection in answers}
            if len(hosts) == 2:
                break
            for connection in answers:
                connection.close()
        self.assertEqual(len(hosts), 2)

    def test_replicas_use_up_no_keys_of_their_user(self):
        def holders():  # above what people and other software have: host/confine/user_range.h
            lines = pathlib.Path("/proc/key-users").read_text().splitlines()
            return {int(line.split(":")[0]) for line in lines} & set(range(0x70000000, 2_000_000_000))
        before = holders()
        self.deploy("keyless", replicas=3)
        self.assertEqual(holders() - before, set(), "each counts against the 200 that it may have")

    def test_its_lines_are_in_its_log(self):
        self.deploy("talks")
        self.assertTrue(eventually(lambda: "listening" in self.log("talks")))
        self.server.strata("delete", "service", "talks")
        self.server.apply(self.service("talks"))
        self.assertTrue(eventually(lambda: "asked to end" in self.log("talks")))

    def log(self, name):
        return self.server.strata("logs", name, "-n", "default").stdout

    def test_a_new_revision_takes_over_without_a_failure(self):
        self.deploy("rolls", env={"GREETING": "one"})
        failures, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                answer = self.server.get("/rolls/env")
                if answer.status != 200 or answer.text not in ("one", "two"):
                    failures.append((answer.status, answer.text))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.server.apply(self.service("rolls", env={"GREETING": "two"}))
        seen = eventually(lambda: self.server.get("/rolls/env").text == "two")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertTrue(seen)
        self.assertEqual(failures, [])

    def test_the_log_of_one_that_does_not_come_up_says_why(self):
        self.refusal(self.service("fails", guest_image(self.folder / "fails", "exit-3")))
        for options in ((), ("-f",)):  # there is nothing to wait for
            log = self.server.strata("logs", *options, "fails")
            self.assert_exit(log, DONE)
            self.assertRegex(log.stdout, r"host not deployed: .*its program ended: returned 3")
        self.assert_exit(self.server.strata("logs", "../default.fails"), NOT_FOUND)

    def test_one_that_never_listens_replaces_nothing(self):
        self.deploy("stays", env={"GREETING": "here"})
        broken = guest_image(self.folder / "broken", "exit-3")
        self.assertIn("nothing listened at port 8080", self.refusal(self.service("stays", broken)))
        self.assertEqual(self.server.get("/stays/env").text, "here")

    def test_it_survives_its_manager(self):
        self.deploy("lives")
        before = self.server.get("/lives/pid").text
        self.server.kill_manager()
        self.assertEqual(self.server.get("/lives").text, "hello")
        self.server.up()
        self.assertEqual(self.server.get("/lives/pid").text, before)
        self.assertEqual(self.server.log().count("starting a keeper anew"), self.keepers_lost())

    def keepers_lost(self):
        return self.server.log().count("a keeper died")

    def test_it_runs_again_after_its_keeper_was_killed(self):
        self.deploy("back")
        for pid, words in self.server.processes().items():
            if words[0].endswith("/strata-keeper"):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.server.get("/back").text == "hello"))

    def test_a_deleted_one_is_gone(self):
        self.deploy("gone")
        self.assertEqual(len(self.guests("gone")), 1)
        self.assertEqual(self.server.strata("delete", "service", "gone").returncode, DONE)
        self.assertEqual(self.server.get("/gone").status, 404)
        self.assertTrue(eventually(lambda: not self.guests("gone")))

    def guests(self, name):
        """Groups of its living sandboxes."""
        groups = pathlib.Path("/sys/fs/cgroup")
        return list(groups.glob(f"pids/strata-{self.server.group()}*/c-{name}-*")) or list(
            groups.glob(f"strata-{self.server.group()}*/c-{name}-*"))

    # --- what is done to one that runs

    def exec(self, service, *command, options=(), stdin=""):
        return self.server.strata("exec", *options, service, "--", *command, stdin=stdin)

    def test_programs_run_beside_it(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"exec-{name}", **of_class(name))
                done = self.exec(f"exec-{name}", "/bin/guest", "hello")
                self.assertEqual((done.returncode, done.stdout), (DONE, "hello"), done.stderr)
                self.assertEqual(self.exec(f"exec-{name}", "/bin/guest", "exit-3").returncode, 3)
                echoed = self.exec(f"exec-{name}", "/bin/guest", "echo", options=["-i"], stdin="x" * 99_999)
                self.assertEqual(echoed.stdout, "x" * 99_999)
                green = self.exec(f"exec-{name}", "/bin/guest", "getenv", "COLOUR",
                                  options=["-e", "COLOUR=green"])
                self.assertEqual(green.stdout, "green")

    def test_files_are_copied_both_ways(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"cp-{name}", **of_class(name))
                here, back = self.folder / "here", self.folder / "back"
                here.write_bytes(os.urandom(300_000))
                here.chmod(0o640)
                self.assert_exit(self.server.strata("cp", str(here), f"cp-{name}:/tmp/"), DONE)
                self.assert_exit(self.server.strata("cp", f"cp-{name}:/tmp/here", str(back)), DONE)
                self.assertEqual(back.read_bytes(), here.read_bytes())
                missing = self.server.strata("cp", f"cp-{name}:/absent", str(back))
                self.assert_exit(missing, NOT_FOUND, "No such file")

    def test_one_copy_is_of_one_sandbox(self):
        self.deploy("twice", replicas=2)
        self.assertTrue(eventually(lambda: self.log("twice").count("listening") == 2))
        tree = self.folder / "once"
        tree.mkdir()
        for number in range(3):
            self.assert_exit(self.server.strata("cp", str(tree), f"twice:/tmp/tree{number}"), DONE)
            self.assert_exit(self.server.strata("cp", f"twice:/tmp/tree{number}", str(self.folder / f"t{number}")), DONE)

    def test_directories_are_copied_both_ways(self):
        tree = self.folder / "tree"
        (tree / "sub" / ("n" * 150)).mkdir(parents=True)
        (tree / "sub" / "bytes").write_bytes(os.urandom(300_000))
        (tree / "run").write_bytes(b"#!\n")
        (tree / "run").chmod(0o755)
        (tree / "link").symlink_to("/etc/passwd")
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"tree-{name}", **of_class(name))
                copied = self.server.strata("cp", str(tree), f"tree-{name}:/tmp")
                self.assert_exit(copied, DONE)
                self.assertIn("left out, neither a file nor a directory: link", copied.stderr)
                back = self.folder / f"back-{name}"
                self.assert_exit(self.server.strata("cp", f"tree-{name}:/tmp/tree", str(back)), DONE)
                self.assertEqual(sorted(str(at.relative_to(back)) for at in back.rglob("*")),
                                 ["run", "sub", "sub/bytes", "sub/" + "n" * 150])
                self.assertEqual((back / "sub/bytes").read_bytes(), (tree / "sub/bytes").read_bytes())
                self.assertTrue(os.access(back / "run", os.X_OK))
                self.assert_exit(self.server.strata("cp", f"tree-{name}:/tmp/tree/sub", str(back)), DONE)
                refused = self.server.strata("cp", str(tree), f"tree-{name}:/absent/deep")
                self.assert_exit(refused, WRONG_STATE, "No such file")

    def test_names_from_a_sandbox_do_not_reach_the_terminal_as_they_are(self):
        evil = "\x1b[2Jevil"
        layers = [BASE, tar(folder("tree"), folder(f"tree/{evil}"))]
        self.deploy("evil", Image(self.folder / "evil", layers, args=("/bin/guest", "serve")))
        target = self.folder / "target" / "tree"
        target.mkdir(parents=True)
        (target / evil).symlink_to("/nowhere")  # so that it is refused, by its name
        for refused in (self.server.strata("cp", "evil:/tree", str(target.parent)),
                        self.server.strata("cp", f"evil:/{evil}", str(target))):
            self.assertNotEqual(refused.returncode, DONE)
            self.assertNotIn("\x1b", refused.stderr)
            self.assertRegex(refused.stderr, r"[^\\]\\x1b\[2Jevil")

    def test_a_paused_one_waits(self):
        self.deploy("pauses", limits={"timeout_ms": 1500})
        self.assertEqual(self.server.get("/pauses").text, "hello")
        self.assert_exit(self.server.strata("pause", "pauses"), DONE)
        self.assertIn(self.server.get("/pauses").status, (503, 504))
        self.assertRegex(self.server.strata("get", "service", "pauses").stdout, r"0/1 \(max 1\), paused")
        self.assertRegex(self.server.strata("top").stdout, r"(?m)pauses .*0/1 \(max 1\), paused$")
        self.assertEqual(self.server.json("describe", "service", "pauses")["status"]["scale"]["paused"], 1)
        self.assert_exit(self.exec("pauses", "/bin/guest", "hello"), WRONG_STATE, "pauses is paused")
        self.assert_exit(self.server.strata("resume", "pauses"), DONE)
        self.assertEqual(self.server.get("/pauses").text, "hello")
        self.assertNotIn("paused", self.server.strata("get", "service", "pauses").stdout)

    def count(self, name):
        """The number of times that this was asked of a sandbox of the service."""
        return int(self.server.get(f"/{name}/count").text)

    def there(self, name):
        there = self.server.json("snapshot", name)
        del there["states"]  # what they use changes all the time
        return there

    def test_a_machine_is_saved_and_goes_on_from_there(self):
        self.deploy("saves", **{"class": "microvm"})
        self.assertEqual([self.count("saves"), self.count("saves")], [1, 2])
        self.assertEqual(self.server.json("snapshot", "saves", "two"),
                         {"action": "saved", "kind": "snapshot", "namespace": "default", "name": "two",
                          "service": "saves"})
        self.assertEqual(self.count("saves"), 3)
        self.assert_exit(self.server.strata("snapshot", "saves", "two"), WRONG_STATE, "already")
        self.assertEqual(self.there("saves")["snapshots"], ["two"])
        restored = self.server.strata("restore", "saves", "two")
        self.assert_exit(restored, DONE)
        self.assertEqual(restored.stdout.split(), self.there("saves")["replicas"])
        self.assertEqual(self.server.get("/saves/host").text, restored.stdout.strip())
        self.assertEqual(self.count("saves"), 3)  # as if the third had never been asked
        self.assertEqual(self.server.json("snapshot", "saves", "two", "--delete")["action"], "deleted")
        self.assert_exit(self.server.strata("restore", "saves", "two"), NOT_FOUND, "two")
        self.assertEqual(self.count("saves"), 4)

    def test_a_machine_is_forked(self):
        self.deploy("forks", **{"class": "microvm"})
        self.assert_exit(self.exec("forks", "/.strata-agent", "write", "/tmp/who", "644",
                                   options=["-i"], stdin="origin"), DONE)
        forked = self.server.strata("fork", "forks", "--count", "2")
        self.assert_exit(forked, DONE)
        forks = forked.stdout.split()
        self.assertEqual(self.there("forks")["forks"], forks)
        described = self.server.json("describe", "service", "forks")
        sandboxes = described["status"]["sandboxes"]
        self.assertTrue(sandboxes.pop("states")[0]["ready"])
        self.assertEqual(sandboxes, self.there("forks"))
        read = ("/.strata-agent", "read", "/tmp/who")
        for fork in forks:
            self.assertEqual(self.exec("forks", *read, options=["--sandbox", fork]).stdout, "origin")
            self.exec("forks", "/.strata-agent", "write", "/tmp/who", "644",
                      options=["-i", "--sandbox", fork], stdin=fork)
        for fork in forks:
            self.assertEqual(self.exec("forks", *read, options=["--sandbox", fork]).stdout, fork)
        self.assertEqual(self.exec("forks", *read).stdout, "origin")
        self.assertEqual(self.server.json("fork", "forks", "--end", forks[0]),
                         {"action": "ended", "kind": "fork", "namespace": "default", "name": forks[0],
                          "service": "forks"})
        eventually(lambda: self.there("forks")["forks"] == forks[1:])
        self.assert_exit(self.server.strata("fork", "forks", "--end", forks[0]), NOT_FOUND, forks[0])

    def test_classes_that_cannot_be_saved_say_so_and_make_nothing(self):
        for name in ("container", "appkernel"):
            with self.subTest(name):
                self.deploy(f"saved-{name}", **of_class(name))
                before = self.there(f"saved-{name}")
                for words in (["snapshot", f"saved-{name}", "s"], ["fork", f"saved-{name}"],
                              ["restore", f"saved-{name}", "s"]):
                    self.assert_exit(self.server.strata(*words), UNSUPPORTED, f"class {name}")
                self.assertEqual(self.there(f"saved-{name}"), before)

    def test_what_has_no_process_says_so(self):
        self.server.apply(hello("wasm", "/wasm-hello", "default"))
        for words in (["exec", "wasm", "--", "/bin/true"], ["pause", "wasm"], ["cp", "wasm:/etc", "."],
                      ["snapshot", "wasm", "s"], ["restore", "wasm", "s"], ["fork", "wasm"]):
            self.assert_exit(self.server.strata(*words), UNSUPPORTED, "class wasm")
        self.assert_exit(self.server.strata("exec", "nobody", "--", "/bin/true"), NOT_FOUND, "nobody")
        self.deploy("absent")
        self.assert_exit(self.exec("absent", "/bin/absent"), 127, "/bin/absent")
        self.assert_exit(self.exec("absent", "/bin/guest", options=["--sandbox", "x"]), NOT_FOUND)

    # --- refusals

    def test_what_cannot_be_is_refused(self):
        self.assertIn("cpu_time_ms", self.refusal(self.service("no", limits={"cpu_time_ms": 5})))
        self.assertNotIn("Service/default/no", self.server.resources())
        self.assertEqual(json.loads(self.server.api("GET", "/v1/namespaces/default/services/no").body)
                         .get("status"), 404)
