"""Class appkernel through containerd: the programs of a pod on gVisor's kernel, with streams, exec, signals, limits and ends
of any container. Skipped where runsc is not installed."""

import os
import pathlib
import signal
import subprocess
import unittest

from kube.ctr_test import RUNTIME, SHIM, ShimTest
from kube.pods_test import PAGE, SERVER, PodsTest
from kube.support import IMAGE, PATIENCE, eventually, kill

RUNSC = "/usr/bin/runsc"
CLASS = ("--annotation", "strata.dev/class=appkernel")
SENTRY = "runsc-sandbox"


@unittest.skipUnless(os.path.exists(RUNSC), f"there is no {RUNSC}")
class AppkernelTaskTest(ShimTest):
    def run_once(self, name, *command, options=(), **more):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, *CLASS, *options, IMAGE, name, *command, **more)
        self.node.ctr("containers", "delete", name)
        return done

    def test_its_kernel_is_not_the_hosts_and_streams_and_status_arrive(self):
        done = self.run_once("streams", "sh", "-c", "uname -r; cat; echo err >&2; exit 7", stdin="some input\n")
        self.assertEqual(done.returncode, 7, done.stderr)
        kernel, words = done.stdout.splitlines()
        self.assertNotEqual(kernel, os.uname().release)
        self.assertEqual(words, "some input")
        self.assertIn("err\n", done.stderr)

    def test_what_cannot_be_made_is_refused_and_leaves_nothing(self):
        self.assertIn("64 MiB", self.run_once("small", "true", options=("--memory-limit", "1048576")).stderr)
        self.assertNotEqual(self.run_once("missing", "/no/such/program").returncode, 0)
        self.assertIn("on the host", self.run_once("mighty", "true", options=("--privileged",)).stderr)
        self.assertEqual(self.node.control_groups(), [])
        self.assertEqual(self.node.pids_of(SENTRY), [])

    def test_its_group_bounds_what_its_programs_use(self):
        done = self.run_once("greedy", "dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1",
                             options=("--memory-limit", str(128 << 20)))
        self.assertEqual(done.returncode, 128 + signal.SIGKILL, done.stderr)

    def test_a_paused_container_holds_up_no_other(self):
        self.run_task("paused", "sleep", "1000", options=CLASS)
        self.run_task("other", "sleep", "1000", options=CLASS)
        self.node.must(self.node.ctr("tasks", "exec", "-d", "--exec-id", "beside", "paused", "sleep", "1000"))
        self.node.must(self.node.ctr("tasks", "pause", "paused"))
        refused = self.node.ctr("tasks", "exec", "--exec-id", "late", "paused", "true")
        self.assertIn("is paused", refused.stderr)
        command = [self.node.tools / "ctr", "-a", self.node.dir / "c.sock", "-n", self.node.namespace,
                   "tasks", "kill", "-s", "SIGTERM", "--exec-id", "beside", "paused"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waits:
            for turn in range(3):
                self.node.must(self.node.ctr("tasks", "exec", "--exec-id", f"t{turn}", "other", "true"))
            self.node.must(self.node.ctr("tasks", "resume", "paused"))
            self.assertEqual(waits.wait(PATIENCE), 0, waits.stderr.read())
        gone = ("tasks", "delete", "--exec-id", "beside", "paused")
        self.assertTrue(eventually(lambda: self.node.ctr(*gone).returncode == 128 + signal.SIGTERM))
        self.node.must(self.node.ctr("tasks", "exec", "--exec-id", "late", "paused", "true"))
        self.remove("paused", "other")

    def test_a_signal_that_its_kernel_does_not_know_is_refused(self):
        self.run_task("realtime", "sleep", "1000", options=CLASS)
        self.node.must(self.node.ctr("tasks", "exec", "-d", "--exec-id", "beside", "realtime", "sleep", "1000"))
        done = self.node.ctr("tasks", "kill", "-s", str(signal.SIGRTMIN), "--exec-id", "beside", "realtime")
        self.assertIn("signals 1 to 31", done.stderr)
        self.remove("realtime")

    def test_a_control_group_that_is_somebody_elses_stays(self):
        taken = [path / self.node.namespace / "taken" for path in pathlib.Path("/sys/fs/cgroup").glob("*/")
                 if (path / "cgroup.procs").exists()]
        for path in taken:
            path.mkdir(parents=True)
        self.assertNotEqual(self.run_once("taken", "true").returncode, 0)
        self.assertEqual([path for path in taken if not path.exists()], [])
        for path in taken:
            path.rmdir()

    def test_a_killed_shim_leaves_nothing_of_it(self):
        self.run_task("orphan", "sleep", "1000", options=CLASS)
        self.assertEqual(len(self.node.pids_of(SENTRY)), 1)
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: not self.node.pids_of(SENTRY)))
        self.remove("orphan")
        self.assertTrue(eventually(lambda: not self.node.control_groups()))


@unittest.skipUnless(os.path.exists(RUNSC), f"there is no {RUNSC}")
class AppkernelPodTest(PodsTest):
    handler = "strata-appkernel"
    handlers = (("strata-appkernel", RUNTIME, "shim", "class = 'appkernel'"),)

    def test_containers_of_a_pod_share_its_name_and_address(self):
        pod, config, _ = self.start("web", *SERVER)
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        self.assertEqual(self.exec(sidecar, "hostname").strip(), "web")
        for address in ("127.0.0.1", self.address(pod)):
            self.assertEqual(self.page(sidecar, address), PAGE)

    def test_a_container_that_is_made_again_has_its_network(self):
        pod, config, first = self.start("again", "sh", "-c", "exit 3")
        self.assertTrue(eventually(lambda: self.state(first)["state"] == "CONTAINER_EXITED"))
        self.assertEqual(self.state(first)["exitCode"], 3)
        self.node.must(self.node.crictl("rm", first))
        second = self.node.container(pod, config, "second", "sleep", "1000")
        self.assertIn(self.address(pod), self.exec(second, "ip", "-4", "addr"))

    def test_programs_beside_it_have_a_status_and_end_with_it(self):
        _, _, container = self.start("exec")
        self.assertEqual(self.exec(container, "echo", "out").strip(), "out")  # crictl adds empty lines
        done = self.node.crictl("exec", "-s", container, "sh", "-c", "exit 4")
        self.assertIn("exited with 4", done.stderr)
        done = self.node.crictl("exec", "-s", "--timeout", "1", container, "sleep", "1234")
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(eventually(lambda: "1234" not in self.exec(container, "ps")))

    def test_a_stopped_container_was_asked_first(self):
        _, _, container = self.start("stop", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done")
        self.assertTrue(eventually(lambda: self.node.crictl("logs", container).stdout == "ready\n"))
        self.node.must(self.node.crictl("stop", "-t", "30", container))
        self.assertEqual(self.state(container)["exitCode"], 9)

    def test_its_memory_is_not_made_less_than_its_kernel_needs(self):
        _, _, container = self.start("resize")
        self.assertIn("64 MiB", self.node.crictl("update", "--memory", str(1 << 20), container).stderr)
        self.assertEqual(self.exec(container, "echo", "alive").strip(), "alive")
        self.node.must(self.node.crictl("update", "--memory", str(256 << 20), container))

    def test_usage_is_told(self):
        _, _, container = self.start("usage")
        self.assertGreater(self.node.memory_of(container)["rssBytes"], 0)


if __name__ == "__main__":
    unittest.main()
