"""Class microvm through containerd: each container in a virtual machine of its own, with streams, exec, signals, limits and
ends of any container, and the pod's address. Skipped where QEMU or the guest's kernel is not installed."""

import glob
import os
import pathlib
import signal
import unittest

from kube.ctr_test import RUNTIME, SHIM, ShimTest
from kube.pods_test import PAGE, SERVER, PodsTest
from kube.support import eventually, IMAGE, kill

QEMU = "qemu-system-x86_64"
CLASS = ("--annotation", "strata.dev/class=microvm")
# What the shim looks for when it tries the class, too.
HERE = (all(os.path.exists(path) for path in (f"/usr/bin/{QEMU}", "/usr/bin/mkfs.erofs"))
        and any(os.path.exists(path) for path in ("/usr/bin/crun", "/usr/sbin/runc")) and glob.glob("/boot/vmlinuz-*"))
DISKS = pathlib.Path("/var/lib/strata-kube/microvm")


@unittest.skipUnless(HERE, "there is no QEMU, no mkfs.erofs, no crun or runc, or no guest kernel")
class MicrovmTaskTest(ShimTest):
    def run_once(self, name, *command, options=(), **more):
        done = self.node.ctr("run", "--rm", "--runtime", RUNTIME, *CLASS, *options, IMAGE, name, *command, **more)
        self.node.ctr("containers", "delete", name)
        return done

    def assert_nothing_is_left(self):
        self.assertTrue(eventually(lambda: not self.node.pids_of(QEMU)))
        self.assertEqual(self.node.control_groups(), [])
        self.assertEqual(list(DISKS.glob("*")) if DISKS.exists() else [], [])

    def test_its_kernel_is_not_the_hosts_and_streams_and_status_arrive(self):
        done = self.run_once("streams", "sh", "-c", "uname -r; id -u; pwd; echo $A; cat; echo err >&2; exit 7",
                             options=("--user", "1000", "--cwd", "/www", "--env", "A=b c"), stdin="some input\n")
        self.assertEqual(done.returncode, 7, done.stderr)
        kernel, *words = done.stdout.splitlines()
        self.assertNotEqual(kernel, os.uname().release)
        self.assertEqual(words, ["1000", "/www", "b c", "some input"])
        self.assertIn("err\n", done.stderr)
        self.assert_nothing_is_left()

    def test_what_cannot_be_made_is_refused_and_leaves_nothing(self):
        for name, told, options in (
                ("small", "16 MiB", ("--memory-limit", "1048576")),
                ("host", "network namespace", ("--net-host",)),
                ("writes", "could write", ("--mount", f"type=bind,src={self.node.dir},dst=/data,options=rbind:rw")),
                ("large", "is copied", ("--mount", "type=bind,src=/usr,dst=/data,options=rbind:ro"))):
            with self.subTest(name):
                self.assertIn(told, self.run_once(name, "true", options=options).stderr)
        self.assertIn("/no/such/program", self.run_once("missing", "/no/such/program").stderr)
        self.assert_nothing_is_left()

    def test_exec_signals_and_pause(self):
        self.run_task("main", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done", options=CLASS)
        (qemu,) = self.node.pids_of(QEMU)
        self.assertGreaterEqual(os.stat(f"/proc/{qemu}").st_uid, 2_000_000_000)
        done = self.node.ctr("tasks", "exec", "--exec-id", "e1", "main", "sh", "-c", "cat; exit 4", stdin="words")
        self.assertEqual((done.returncode, done.stdout), (4, "words"), done.stderr)
        missing = self.node.ctr("tasks", "exec", "--exec-id", "e2", "main", "/no/such/program")
        self.assertIn("/no/such/program", missing.stderr)
        self.node.must(self.node.ctr("tasks", "exec", "-d", "--exec-id", "e3", "main", "sleep", "1000"))
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGHUP", "--exec-id", "e3", "main"))
        gone = ("tasks", "delete", "--exec-id", "e3", "main")
        self.assertTrue(eventually(lambda: self.node.ctr(*gone).returncode == 128 + signal.SIGHUP))
        self.node.must(self.node.ctr("tasks", "pause", "main"))
        self.node.must(self.node.ctr("tasks", "resume", "main"))
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGTERM", "main"))
        self.assertTrue(eventually(lambda: self.node.tasks()["main"][1] == "STOPPED"))
        self.assertIn("exit code 9", self.node.ctr("tasks", "delete", "main").stderr)
        self.node.must(self.node.ctr("containers", "delete", "main"))
        self.assert_nothing_is_left()

    def test_a_killed_one_and_a_killed_shim_leave_nothing_of_it(self):
        self.run_task("killed", "sleep", "1000", options=CLASS)
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGKILL", "killed"))
        self.assertTrue(eventually(lambda: self.node.tasks()["killed"][1] == "STOPPED"))
        self.assertIn(f"exit code {128 + signal.SIGKILL}", self.node.ctr("tasks", "delete", "killed").stderr)
        self.node.must(self.node.ctr("containers", "delete", "killed"))
        self.run_task("stuck", "sleep", "1000", options=CLASS)
        os.kill(self.node.pids_of(QEMU)[0], signal.SIGSTOP)  # its guest does not hear of the kill
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGKILL", "stuck"))
        self.assertTrue(eventually(lambda: self.node.tasks()["stuck"][1] == "STOPPED"))
        self.assertIn(f"exit code {128 + signal.SIGKILL}", self.node.ctr("tasks", "delete", "stuck").stderr)
        self.node.must(self.node.ctr("containers", "delete", "stuck"))
        self.run_task("orphan", "sleep", "1000", options=CLASS)
        self.assertEqual(len(self.node.pids_of(QEMU)), 1)
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: not self.node.pids_of(QEMU)))
        self.remove("orphan")
        self.assertTrue(eventually(lambda: not self.node.control_groups()))
        self.assert_nothing_is_left()


@unittest.skipUnless(HERE, "there is no QEMU, no mkfs.erofs, no crun or runc, or no guest kernel")
class MicrovmPodTest(PodsTest):
    handler = "strata-microvm"
    handlers = (("strata-microvm", RUNTIME, "shim", "class = 'microvm'"), ("strata-container", RUNTIME, "shim"))

    def test_the_pods_address_is_the_machines_and_is_given_back(self):
        pod, config, server = self.start("web", *SERVER)
        self.assertEqual(self.exec(server, "hostname").strip(), "web")
        self.assertIn(self.address(pod), self.exec(server, "ip", "-4", "addr", "show", "eth0"))
        handler, self.handler = self.handler, "strata-container"
        _, _, client = self.start("client")
        self.handler = handler
        self.assertEqual(self.page(client, self.address(pod)), PAGE)
        self.exec(server, "ping", "-c", "1", "-W", "10", self.address_of(client))
        with self.assertRaisesRegex(AssertionError, "one at a time"):
            self.node.container(pod, config, "second", "true")
        self.node.must(self.node.crictl("stop", "-t", "0", server))
        self.node.must(self.node.crictl("rm", server))
        again = self.node.container(pod, config, "again", *SERVER)
        self.assertEqual(self.page(client, self.address(pod)), PAGE)
        self.assertEqual(self.state(again)["state"], "CONTAINER_RUNNING")

    def address_of(self, container):
        return self.exec(container, "sh", "-c", "ip -4 addr show eth0 | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'").strip()

    def test_logs_files_usage_and_status(self):
        folder = self.node.dir / "config"
        folder.mkdir()
        (folder / "key").write_text("value\n")
        pod, config = self.node.pod("files", self.handler)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        container = self.node.container(
            pod, config, "main", "sh", "-c", "cat /etc/config/key; touch /new; trap 'exit 9' TERM; while :; do sleep 0.1; done",
            mounts=[{"container_path": "/etc/config", "host_path": str(folder), "readonly": True}])
        self.assertTrue(eventually(lambda: self.node.crictl("logs", container).stdout == "value\n"))
        self.assertEqual(self.exec(container, "sh", "-c", "touch /etc/config/new 2>/dev/null || echo refused").strip(), "refused")
        self.assertGreater(self.node.memory_of(container)["rssBytes"], 0)
        self.assertIn("keeps the memory", self.node.crictl("update", "--memory", str(1 << 28), container).stderr)
        self.node.must(self.node.crictl("update", "--cpu-quota", "200000", "--cpu-period", "100000", container))
        self.node.must(self.node.crictl("stop", "-t", "60", container))
        self.assertEqual(self.state(container)["exitCode"], 9)


if __name__ == "__main__":
    unittest.main()
