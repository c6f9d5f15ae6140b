"""The node that other tests build on: containerd's own shim for runc runs tasks and pods here, and
nothing of it stays."""

import unittest

from kube.support import IMAGE, NodeTest


class NodeWorksTest(NodeTest):
    def test_a_task_runs_and_its_exit_status_arrives(self):
        done = self.node.ctr("run", "--rm", IMAGE, "t1", "sh", "-c", "echo out; exit 7")
        self.assertEqual((done.returncode, done.stdout), (7, "out\n"), done.stderr)

    def test_a_pod_has_an_address_and_its_container_runs(self):
        pod, config = self.node.pod("p1", "runc")
        container = self.node.container(pod, config, "c1", "sleep", "1000")
        done = self.node.crictl("exec", "-s", container, "ip", "-4", "addr", "show", "eth0")
        self.assertIn("inet 10.123.", done.stdout, done.stderr)
        for verb in (("stop", "-t", "0", container), ("rm", container), ("stopp", pod), ("rmp", pod)):
            self.node.must(self.node.crictl(*verb))


if __name__ == "__main__":
    unittest.main()
