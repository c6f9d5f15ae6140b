"""Class wasm through containerd: WASI commands from plain images, each in a cell of its own, with the
streams, limits and ends of any container."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import unittest

from kube import guests, image
from kube.ctr_test import RUNTIME, SHIM, ShimTest
from kube.support import BIN, IMAGE, OF_CONTAINER, PATIENCE, NodeTest, eventually, kill, run


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def oom_score_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())


class WasmTaskTest(ShimTest):
    files = guests.FILES

    def run_once(self, name, guest, *command, options=(), **more):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, *options, IMAGE, name, f"/{guest}.wasm", *command,
                             **more)
        self.node.ctr("containers", "delete", name)
        return done

    def refused(self, name, guest, *command, options=()):
        """What the shim says of a task that cannot be made; nothing of it is left."""
        done = self.run_once(name, guest, *command, options=options)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn(name, self.node.tasks())
        return done.stderr

    def test_output_and_exit_status_arrive(self):
        done = self.run_once("hello", "hello")
        self.assertEqual((done.returncode, done.stdout), (0, "hello\n"))
        self.assertTrue(done.stderr.endswith("behind\n"), done.stderr)
        self.assertEqual(self.run_once("seven", "exit7").returncode, 7)

    def test_input_arrives_and_ends(self):
        done = self.run_once("cat", "cat", stdin="some\ninput\n" * 10000)
        self.assertEqual((done.returncode, done.stdout), (0, "some\ninput\n" * 10000), done.stderr)

    def test_variables_are_the_containers(self):
        done = self.run_once("env", "env", options=("--env", "GREETING=hi"))
        variables = done.stdout.split("\0")
        self.assertIn("GREETING=hi", variables)
        self.assertIn("PATH=/bin", variables)
        self.assertNotIn("REQUEST_METHOD", done.stdout)

    def test_arguments_are_the_containers(self):
        done = self.run_once("args", "args", "-v", "two words", "", "ü")
        self.assertEqual((done.returncode, done.stdout), (0, "/args.wasm\0-v\0two words\0\0ü\0"), done.stderr)
        self.assertEqual(self.run_once("no-args", "args").stdout, "/args.wasm\0")

    def test_more_arguments_than_a_command_takes_are_refused(self):
        self.assertIn("4096 arguments at most", self.refused("many", "args", *["x"] * 4096))
        self.assertIn("bytes at most", self.refused("large", "args", *["x" * 100_000] * 11))
        self.assertEqual(self.node.control_groups(), [])

    def test_a_trap_is_an_abort_and_says_where(self):
        done = self.run_once("trap", "trap")
        self.assertEqual(done.returncode, 128 + signal.SIGABRT)
        self.assertIn("unreachable", done.stderr)

    def test_an_endless_loop_ends_by_a_signal(self):
        pid = self.run_task("spin", "/spin.wasm")
        self.assertEqual(self.node.cells(), [pid])
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGTERM", "spin"))
        self.assertTrue(eventually(lambda: self.node.tasks()["spin"][1] == "STOPPED"))
        done = self.node.ctr("tasks", "delete", "spin")
        self.assertIn(f"exit code {128 + signal.SIGTERM}", done.stderr)
        self.node.must(self.node.ctr("containers", "delete", "spin"))
        self.assertEqual(self.node.cells(), [])

    def test_it_can_be_paused_listed_and_measured(self):
        pid = self.run_task("busy", "/spin.wasm")
        self.node.must(self.node.ctr("tasks", "pause", "busy"))
        self.assertEqual(self.node.tasks()["busy"], (pid, "PAUSED"))
        self.node.must(self.node.ctr("tasks", "resume", "busy"))
        listed = self.node.must(self.node.ctr("tasks", "ps", "busy")).splitlines()[1:]
        self.assertEqual([line.split()[0] for line in listed], [str(pid)])
        usage = json.loads(self.node.must(self.node.ctr("tasks", "metrics", "--format", "json", "busy")))
        self.assertEqual(usage["pids"]["current"], 1)
        self.remove("busy")

    def test_its_share_of_busy_processors_is_its_groups(self):
        self.run_task("share", "/spin.wasm", options=("--cpu-shares", "512"))
        (share,) = self.node.group_files("share", "cpu.shares", "cpu.weight")
        self.assertIn(share.read_text(), ("512\n", "20\n"))
        self.remove("share")

    def test_limits_of_requests_do_not_bound_a_command(self):
        limits = ("--annotation", 'strata.dev/limits={"cpu_time_ms": 10}')
        self.run_task("bounded", "/spin.wasm", options=limits)

        def used_a_second():
            usage = self.node.must(self.node.ctr("tasks", "metrics", "--format", "json", "bounded"))
            return json.loads(usage)["cpu"]["usage"]["total"] > 10**9

        self.assertTrue(eventually(used_a_second))
        self.assertEqual(self.node.tasks()["bounded"][1], "RUNNING")
        self.remove("bounded")

    def test_there_is_no_second_program_and_no_terminal(self):
        self.run_task("alone", "/spin.wasm")
        done = self.node.ctr("tasks", "exec", "--exec-id", "x", "alone", "/hello.wasm")
        self.assertIn("one program", done.stderr)
        self.assertEqual(self.node.tasks()["alone"][1], "RUNNING")
        self.remove("alone")

    def test_a_module_that_cannot_run_is_refused(self):
        self.assertIn("no such file", self.refused("missing", "missing").lower())
        self.assertIn("compile", self.refused("broken", "broken"))
        self.assertIn("not WebAssembly", self.refused("text", "text"))
        self.assertIn("no WASI command", self.refused("module", "http"))
        self.assertEqual(self.node.control_groups(), [])

    def test_a_program_may_be_the_images_own(self):
        name = "localhost/test/command:1"
        self.node.import_image(image.write, name, ("/args.wasm", "-v"), self.files)
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, name, "own")
        self.assertEqual((done.returncode, done.stdout), (0, "/args.wasm\0-v\0"), done.stderr)

    def run_artifact(self, *words, command=()):
        """Runs what `image.write_artifact` writes of `words`."""
        name = "localhost/test/artifact:1"
        self.node.import_image(image.write_artifact, name, *words)
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, name, "artifact", *command)
        self.node.ctr("containers", "delete", "artifact")
        return done

    def test_a_wasm_artifact_runs_as_its_configuration_says(self):
        for layer_type in (image.WASM, image.RUNWASI_WASM):
            done = self.run_artifact(self.files["args.wasm"], image.CONFIG, ("/args.wasm", "-v"), layer_type)
            self.assertEqual((done.returncode, done.stdout), (0, "/args.wasm\0-v\0"), done.stderr)

    def test_what_is_no_runnable_artifact_is_refused(self):
        # ctr's own words: it knows configurations of images only.
        done = self.run_artifact(self.files["hello.wasm"], image.WASM_CONFIG, command=("/hello.wasm",))
        self.assertIn(f"unknown image config media type {image.WASM_CONFIG}", done.stderr)
        done = self.run_artifact(b"text", image.CONFIG, ("/text.wasm",), "text/plain")
        self.assertIn("has no files, and its layer is no wasm", done.stderr)
        done = self.run_artifact(self.files["broken.wasm"], image.CONFIG, ("/broken.wasm",))
        self.assertIn("compile", done.stderr)
        self.assertNotIn("artifact", self.node.tasks())
        self.assertEqual(self.node.control_groups(), [])

    def test_a_large_artifact_arrives_whole(self):
        # More than one message, frame and window of HTTP/2. The compiler checks what it is.
        module = guests.command("(call $proc_exit (i32.const 7))", "proc_exit") + b" " * (9 << 20)
        done = self.run_artifact(module, image.CONFIG, ("/large.wasm",))
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_what_has_gone_of_an_artifact_is_said(self):
        module = self.files["exit7.wasm"] + b" "
        name = "localhost/test/gone:1"
        self.node.import_image(image.write_artifact, name, module, image.CONFIG, ("/gone.wasm",))
        digest = "sha256:" + hashlib.sha256(module).hexdigest()
        self.node.must(self.node.ctr("content", "rm", digest))
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, name, "gone")
        self.node.ctr("containers", "delete", "gone")
        self.assertIn(f"containerd has no {digest} of it any more", done.stderr)

    def test_a_program_outside_of_the_root_is_not_found(self):
        self.assertIn("no such file", self.refused("outside", "../../../../../../etc/hostname").lower())

    def test_directories_are_the_roots_and_the_mounted_ones(self):
        self.assertEqual(self.run_once("root", "read-root").stdout, "hello from busybox\n")
        shared = self.node.dir / "shared"
        shared.mkdir()
        (shared / "key").write_text("value\n")
        mount = ("--mount", f"type=bind,src={shared},dst=/etc/config,options=rbind:ro")
        self.assertEqual(self.run_once("mount", "read-mount", options=mount).stdout, "value\n")
        shared.chmod(0o777)
        self.assertNotEqual(self.run_once("ro", "make-in-mount", options=mount).stdout, "A")
        self.assertFalse((shared / "made").exists())
        mount = ("--mount", f"type=bind,src={shared},dst=/etc/config,options=rbind:rw")
        self.assertEqual(self.run_once("rw", "make-in-mount", options=mount).stdout, "A")
        self.assertTrue((shared / "made").exists())

    def test_a_single_file_is_refused_but_for_those_that_every_pod_has(self):
        file = self.node.dir / "file"
        file.touch()

        def mount(path):
            return "--mount", f"type=bind,src={file},dst={path},options=rbind:rw"

        self.assertEqual(self.run_once("usual", "hello", options=mount("/dev/termination-log")).stdout, "hello\n")
        self.assertIn("sees directories", self.refused("file", "hello", options=mount("/etc/app.conf")))

    def test_the_annotation_names_the_class(self):
        done = self.run_once("as-container", "hello", options=("--annotation", "strata.dev/class=container"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("exec", done.stderr)
        self.assertIn("no class", self.refused("odd", "hello", options=("--annotation", "strata.dev/class=odd")))

    def test_one_zygote_is_behind_all_and_ends_with_the_last(self):
        pids = [self.run_task(name, "/spin.wasm") for name in ("one", "two")]
        (zygote,) = self.node.zygotes()
        self.assertEqual(sorted(self.node.cells()), sorted(pids))
        status = pathlib.Path(f"/proc/{zygote}/status").read_text()
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
                     "Threads:\t1"):
            self.assertIn(line, status)
        self.assertNotEqual(network_of(zygote), network_of("self"))
        for pid in pids:  # each is the shim's child, with the filter of its own above the zygote's
            status = pathlib.Path(f"/proc/{pid}/status")
            self.assertIn(f"PPid:\t{self.node.residents()[0]}\n", status.read_text())
            # It is told to go on when it is in its groups, and takes the filter then, before its guest runs.
            self.assertTrue(eventually(lambda file=status: "Seccomp_filters:\t2" in file.read_text()))
        self.remove("one")
        self.assertEqual(self.node.zygotes(), [zygote])
        self.remove("two")
        self.zygotes_end()

    def test_each_user_and_group_has_a_zygote_of_its_own(self):
        self.run_task("holder", "/spin.wasm", options=("--user", "1000:2000"))
        self.addCleanup(self.zygotes_end)  # another test's is the only one
        self.addCleanup(self.remove, "holder")
        for group in (2000, 3000):
            folder = self.node.dir / f"of-{group}"
            folder.mkdir()
            folder.chmod(0o777)
            mount = ("--mount", f"type=bind,src={folder},dst=/data,options=rbind:rw")
            done = self.run_once(f"of-{group}", "make-in-mount", options=("--user", f"1000:{group}", *mount))
            self.assertEqual(done.stdout, "A", done.stderr)
            made = (folder / "made").stat()
            self.assertEqual((made.st_uid, made.st_gid), (1000, group))

    def zygotes_end(self):
        self.assertTrue(eventually(lambda: not self.node.zygotes()))

    def test_a_zygote_has_no_file_of_a_control_group(self):
        self.run_task("grouped", "/spin.wasm")
        (zygote,) = self.node.zygotes()
        for pid in (zygote, *self.node.cells()):
            files = [os.readlink(file) for file in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            self.assertNotEqual(files, [])
            self.assertEqual([file for file in files if "cgroup" in file], [])
        self.remove("grouped")

    def test_a_zygote_has_a_control_group_with_limits(self):
        pid = self.run_task("limited", "/spin.wasm")
        (zygote,) = self.node.zygotes()
        (place, *_) = self.node.zygote_groups()
        (group,) = place.glob("[0-9]*")
        self.assertIn(f"/{place.name}/{group.name}\n", pathlib.Path(f"/proc/{zygote}/cgroup").read_text())
        self.assertNotIn(place.name, pathlib.Path(f"/proc/{pid}/cgroup").read_text())
        (bound,) = self.node.zygote_files("memory.max", "memory.limit_in_bytes")
        self.assertEqual(bound.read_text(), f"{512 << 20}\n")
        (bound,) = self.node.zygote_files("pids.max")
        self.assertEqual(bound.read_text(), "64\n")
        self.remove("limited")
        self.zygotes_end()
        self.assertTrue(eventually(lambda: not self.node.zygote_groups()))

    def test_a_namespace_has_only_so_many_zygotes(self):
        names = [f"user-{number}" for number in range(16)]
        self.zygotes_end()  # another test's would count
        self.addCleanup(self.zygotes_end)
        self.addCleanup(self.remove, *names)
        for number, name in enumerate(names):
            self.run_task(name, "/spin.wasm", options=("--user", f"{1000 + number}:1000"))
        self.assertEqual(len(self.node.zygotes()), 16)
        self.assertIn("16 processes already", self.refused("more", "hello", options=("--user", "999:999")))
        self.assertEqual(self.run_once("same", "hello", options=("--user", "1015:1000")).returncode, 0)

    def test_the_kernel_kills_a_zygote_before_what_runs(self):
        pid = self.run_task("scored", "/spin.wasm")
        (zygote,) = self.node.zygotes()
        (shim,) = self.node.residents()
        self.assertEqual(oom_score_of(zygote), 800)
        self.assertEqual(oom_score_of(pid), oom_score_of(shim))
        self.remove("scored")

    def test_the_zygotes_death_hurts_no_container(self):
        pid = self.run_task("before", "/spin.wasm")
        (zygote,) = self.node.zygotes()
        kill(zygote)
        self.assertEqual(self.run_once("after", "exit7").returncode, 7)
        self.assertNotIn(zygote, self.node.zygotes())
        self.assertEqual(self.node.tasks()["before"], (pid, "RUNNING"))
        self.remove("before")

    def test_random_numbers_are_each_containers_own(self):
        seen = {self.run_once(f"random-{number}", "random").stdout for number in range(3)}
        self.assertEqual(len(seen), 3, seen)
        self.assertNotIn("", seen)

    def test_the_shims_death_leaves_no_cell(self):
        pid = self.run_task("orphan", "/spin.wasm")
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists()))
        self.assertTrue(eventually(lambda: not self.node.zygotes()))
        self.assertTrue(eventually(lambda: not self.node.tasks()))
        self.assertTrue(eventually(lambda: not self.node.control_groups()))
        self.remove("orphan")

    def test_the_next_shim_sweeps_what_a_killed_one_left_of_its_zygotes(self):
        pid = self.run_task("left", "/spin.wasm")
        self.node.stop(signal.SIGKILL)  # which would sweep, too, by `delete`
        for shim in self.node.residents():
            kill(shim)
        self.assertTrue(eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists()))
        self.assertNotEqual(self.node.zygote_files("cgroup.procs"), [])
        params = {"instance_id": "next", "namespace": self.node.namespace, "socket_dir": f"{self.node.dir}/s",
                  "containerd_ttrpc_address": f"{self.node.dir}/c.sock.ttrpc"}
        started = run([BIN / SHIM, "-namespace", self.node.namespace, "-id", "next",
                       "-address", f"{self.node.dir}/c.sock", "start"], json.dumps(params))
        self.assertEqual(started.returncode, 0, started.stderr)
        self.assertTrue(eventually(lambda: not self.node.zygote_files("cgroup.procs")))
        self.node.up()
        self.assertTrue(eventually(lambda: not self.node.tasks()))
        self.remove("left")

    def test_tasks_survive_containerd(self):
        pid = self.run_task("stays", "/spin.wasm")
        self.node.stop(signal.SIGKILL)
        self.node.up()
        self.assertEqual(self.node.tasks()["stays"], (pid, "RUNNING"))
        self.remove("stays")


OPTIONS = pathlib.Path("/run/strata-options.toml")  # /run is this test's own


class WasmPodTest(NodeTest):
    handlers = (("strata-wasm", RUNTIME, "shim", "class = 'wasm'"), ("strata", RUNTIME, "shim"),
                ("strata-file", RUNTIME, "shim", f"ConfigPath = '{OPTIONS}'"),
                ("strata-typo", RUNTIME, "shim", "klass = 'wasm'"))
    files = guests.FILES

    def start(self, name, handler, *command, **more):
        pod, config = self.node.pod(name, handler)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        return pod, config, self.node.container(pod, config, "main", *command, **more)

    def status(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["status"]

    def ended(self, container):
        self.assertTrue(eventually(lambda: self.status(container)["state"] == "CONTAINER_EXITED"))
        return self.status(container)["exitCode"]

    def test_logs_and_the_exit_status_arrive(self):
        _, _, container = self.start("log", "strata-wasm", "/hello.wasm")
        self.assertEqual(self.ended(container), 0)
        done = self.node.crictl("logs", container)
        self.assertEqual((done.stdout, done.stderr), ("hello\n", "behind\n"))

    def test_a_stopped_command_ends_at_once(self):
        _, _, container = self.start("stop", "strata-wasm", "/spin.wasm")
        self.node.must(self.node.crictl("stop", "-t", str(PATIENCE), container))
        self.assertEqual(self.status(container)["exitCode"], 128 + signal.SIGTERM)

    def test_its_oom_score_is_the_containers(self):
        linux = {"security_context": {"namespace_options": {"pid": OF_CONTAINER}}, "resources": {"oom_score_adj": 700}}
        _, _, container = self.start("scored", "strata-wasm", "/spin.wasm", linux=linux)
        self.assertEqual(oom_score_of(self.pid(container)), 700)

    def test_an_update_takes_a_bound_away(self):
        _, _, container = self.start("resize", "strata-wasm", "/spin.wasm")
        self.node.must(self.node.crictl("update", "--cpu-quota", "50000", "--cpu-period", "100000", container))
        (quota,) = self.node.group_files(container, "cpu.cfs_quota_us", "cpu.max")
        self.assertIn(quota.read_text(), ("50000\n", "50000 100000\n"))
        self.node.must(self.node.crictl("update", "--cpu-quota", "-1", container))
        self.assertIn(quota.read_text(), ("-1\n", "max 100000\n"))

    def test_exec_is_refused(self):
        _, _, container = self.start("exec", "strata-wasm", "/spin.wasm")
        done = self.node.crictl("exec", "-s", container, "true")
        self.assertIn("one program", done.stderr)

    def test_usage_is_told(self):
        _, _, container = self.start("usage", "strata-wasm", "/spin.wasm")
        self.assertGreater(self.node.memory_of(container)["rssBytes"], 0)

    def test_the_runtime_class_is_a_promise(self):
        pod, config = self.node.pod("promise", "strata-wasm")
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        with self.assertRaisesRegex(AssertionError, "compile|WebAssembly"):
            self.node.container(pod, config, "main", "/bin/busybox")

    def test_a_wasm_artifact_runs(self):
        pod, config = self.node.pod("artifact", "strata-wasm")
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        for number, config_type in enumerate((image.WASM_CONFIG, image.CONFIG)):
            name = f"localhost/test/artifact:{number}"
            self.node.import_image(image.write_artifact, name, self.files["exit7.wasm"], config_type)
            container = self.node.container(pod, config, f"main-{number}", "/exit7.wasm", image={"image": name})
            self.assertEqual(self.ended(container), 7)

    def test_options_may_lie_in_a_file(self):
        OPTIONS.write_text("# ours\nclass = 'wasm'\n")
        pod, config, container = self.start("file", "strata-file", "/hello.wasm")
        self.assertEqual(self.ended(container), 0)
        with self.assertRaisesRegex(AssertionError, "compile|WebAssembly"):
            self.node.container(pod, config, "second", "/bin/busybox")
        OPTIONS.write_text("class = 'wasm'\nclas = 'wasm'\n")
        with self.assertRaisesRegex(AssertionError, "runtime options: 'clas = 'wasm''"):
            self.node.container(pod, config, "third", "/hello.wasm")

    def test_options_that_are_not_known_are_refused(self):
        with self.assertRaisesRegex(AssertionError, "runtime options: 'klass = .wasm.'"):
            self.node.pod("typo", "strata-typo")

    def test_one_pod_has_commands_and_containers(self):
        pod, config, container = self.start("both", "strata", "/spin.wasm")
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        self.assertEqual(self.node.must(self.node.crictl("exec", "-s", sidecar, "echo", "here")), "here")
        self.assertEqual(self.node.cells(), [self.pid(container)])

    def pid(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["info"]["pid"]


RUNC = "/usr/sbin/runc"


class WithoutRuncTest(NodeTest):
    handlers = (("strata-container", RUNTIME, "shim", "class = 'container'"),)
    files = guests.FILES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # In this test's own mount namespace it is no program.
        subprocess.run(("mount", "--bind", "/dev/null", RUNC), check=True)

    @classmethod
    def tearDownClass(cls):
        if pathlib.Path(RUNC).is_char_device():
            subprocess.run(("umount", RUNC), check=True)
        super().tearDownClass()

    def test_only_class_container_needs_it_and_not_before_it_is_asked_for(self):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, IMAGE, "command", "/hello.wasm")
        self.assertEqual((done.returncode, done.stdout), (0, "hello\n"), done.stderr)
        pod, config = self.node.pod("container", "strata-container")
        with self.assertRaisesRegex(AssertionError, "needs runc, which is not installed"):
            self.node.container(pod, config, "early", "sleep", "1000")
        (before,) = self.node.residents()
        subprocess.run(("umount", RUNC), check=True)
        self.node.container(pod, config, "late", "sleep", "1000")
        self.assertEqual(self.node.residents(), [before])
        self.node.remove_pod(pod)


if __name__ == "__main__":
    unittest.main()
