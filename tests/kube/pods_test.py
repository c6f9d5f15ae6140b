"""Pods in class container, made as a kubelet makes them: containerd's own pause container, the pod's
network, and one resident shim for all of them."""

import json
import signal
import unittest

from kube.ctr_test import RUNTIME, SHIM
from kube.support import NodeTest, eventually, kill


class PodTest(NodeTest):
    handlers = (("strata-container", RUNTIME, "podsandbox"),)

    def start(self, name, *command):
        """A pod, until the end of the test, and its main container."""
        pod, config = self.node.pod(name, "strata-container")
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        return pod, config, self.node.container(pod, config, "main", *(command or ("sleep", "1000")))

    def exec(self, container, *command):
        done = self.node.crictl("exec", "-s", container, *command)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def address(self, pod):
        return json.loads(self.node.must(self.node.crictl("inspectp", pod)))["status"]["network"]["ip"]

    def state(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["status"]

    def test_containers_of_a_pod_share_its_address(self):
        pod, config, server = self.start("web", "httpd", "-f", "-p", "8080", "-h", "/www")
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        self.assertIn(self.address(pod), self.exec(server, "ip", "-4", "addr", "show", "eth0"))
        request = r"printf 'GET / HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8080"
        self.assertIn("hello from busybox\n", self.exec(sidecar, "sh", "-c", request))

    def test_logs_and_the_exit_status_arrive(self):
        _, _, container = self.start("log", "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        self.assertEqual(self.state(container)["exitCode"], 3)
        done = self.node.crictl("logs", container)
        self.assertEqual((done.stdout, done.stderr), ("out\n", "err\n"))

    def test_a_failing_exec_says_its_status(self):
        _, _, container = self.start("exec")
        done = self.node.crictl("exec", "-s", container, "sh", "-c", "exit 4")
        self.assertIn("exited with 4", done.stderr)

    def test_a_stopped_container_was_asked_first(self):
        _, _, container = self.start("stop", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.01; done")
        self.node.must(self.node.crictl("stop", "-t", "30", container))
        self.assertEqual(self.state(container)["exitCode"], 9)

    def test_usage_is_told(self):
        _, _, container = self.start("usage")
        stats = json.loads(self.node.must(self.node.crictl("stats", "-o", "json", container)))
        self.assertGreater(int(stats["stats"][0]["memory"]["workingSetBytes"]["value"]), 0)

    def test_many_pods_have_one_shim_before_and_after_containerd_restarts(self):
        pods = [self.start(f"many-{i}") for i in range(4)]
        (shim,) = self.node.pids_of(SHIM)
        self.node.stop(signal.SIGKILL)
        self.node.up()
        for _, _, container in pods:
            self.assertEqual(self.state(container)["state"], "CONTAINER_RUNNING")
            self.exec(container, "true")
        self.assertEqual(self.node.pids_of(SHIM), [shim])
        for pod, _, _ in pods:
            self.node.must(self.node.crictl("rmp", "-f", pod))
        left = self.node.must(self.node.crictl("pods", "-q")).splitlines()
        self.assertFalse(set(left) & {pod for pod, _, _ in pods})

    def test_the_shims_death_ends_its_pods_and_the_next_pod_gets_another(self):
        _, _, container = self.start("death")
        kill(self.node.pids_of(SHIM)[0])
        self.assertTrue(eventually(lambda: self.state(container)["state"] == "CONTAINER_EXITED"))
        _, _, container = self.start("again")
        self.exec(container, "true")


if __name__ == "__main__":
    unittest.main()
