"""A shim for each namespace (shim_per = 'namespace'): whose pods are in which, and whose death hurts whom."""

import json
import unittest

from kube.ctr_test import RUNTIME
from kube.support import IMAGE, NodeTest, eventually, kill

EACH = "shim_per = 'namespace'"


class TenantTest(NodeTest):
    handlers = (("each", RUNTIME, "shim", EACH), ("each-paused", RUNTIME, "podsandbox", EACH),
                ("all", RUNTIME, "shim"))

    def start(self, name, namespace, handler="each"):
        pod, config = self.node.pod(name, handler, namespace=namespace)
        self.addCleanup(self.node.remove_pod, pod)
        return pod, self.node.container(pod, config, "main", "sleep", "1000")

    def shim_of(self, container):
        """The process that its program is a child of."""
        pid = json.loads(self.node.must(self.node.crictl("inspect", container)))["info"]["pid"]
        (line,) = [line for line in open(f"/proc/{pid}/status", encoding="utf-8") if line.startswith("PPid:")]
        return int(line.split()[1])

    def state(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["status"]["state"]

    def test_pods_of_a_namespace_share_a_shim_and_namespaces_share_none(self):
        (_, shop), (_, again), (_, bank) = (
            self.start("one", "shop"), self.start("two", "shop"), self.start("three", "bank"))
        _, everybody = self.start("four", "shop", handler="all")
        self.assertEqual(self.shim_of(shop), self.shim_of(again))
        shims = {self.shim_of(each) for each in (shop, bank, everybody)}
        self.assertEqual(len(shims), 3)
        self.assertLessEqual(shims, set(self.node.residents()))

    def test_a_pause_container_tells_its_namespace_too(self):
        (_, shop), (_, paused) = self.start("plain", "shop"), self.start("paused", "shop", handler="each-paused")
        self.assertEqual(self.shim_of(shop), self.shim_of(paused))

    def test_the_death_of_ones_shim_hurts_no_other(self):
        (_, shop), (_, bank) = self.start("dies", "shop"), self.start("lives", "bank")
        kill(self.shim_of(shop))
        self.assertTrue(eventually(lambda: self.state(shop) == "CONTAINER_EXITED"))
        self.assertEqual(self.state(bank), "CONTAINER_RUNNING")
        self.assertEqual(self.node.must(self.node.crictl("exec", "-s", bank, "echo", "here")), "here")

    def test_options_that_are_not_understood_are_refused_before_there_is_a_shim(self):
        before = self.node.residents()
        options = self.node.dir / "options.toml"
        options.write_text("shim_per = 'pod'\n")
        done = self.node.ctr("run", "--runtime", RUNTIME, "--runtime-config-path", str(options), IMAGE, "odd", "true")
        self.assertIn("runtime options: 'shim_per = 'pod''", done.stderr)
        self.assertLessEqual(set(self.node.residents()), set(before))
        self.node.ctr("containers", "delete", "odd")


if __name__ == "__main__":
    unittest.main()
