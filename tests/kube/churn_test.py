"""Many pods of each class come and go, several at a time: the node is as clean after them as before. STRATA_LONG=1: 500."""

import concurrent.futures
import os
import pathlib
import unittest

from kube.ctr_test import RUNTIME, SHIM
from kube.http_test import component
from kube.support import NodeTest, eventually, run

PODS = 500 if os.environ.get("STRATA_LONG") else 24
AT_ONCE = 4
ADDRESSES = pathlib.Path("/var/lib/cni/networks/pods")


class ChurnTest(NodeTest):
    handlers = (("strata", RUNTIME, "shim"),)

    @classmethod
    def setUpClass(cls):
        cls.files = {"hello.wasm": component("hello-c")}
        super().setUpClass()

    def come_and_go(self, name, command):
        pod, config = self.node.pod(name, "strata")
        self.node.container(pod, config, "main", *command)
        self.node.remove_pod(pod)

    def left(self):
        """What pods leave where they leave something, as far as it can be counted."""
        (shim,) = self.node.residents()
        lines = {
            "processes": sorted(self.node.processes().values()), "control groups": self.node.control_groups(),
            "mounts": self.node.mounts(), "descriptors": os.listdir(f"/proc/{shim}/fd"),
            "threads": os.listdir(f"/proc/{shim}/task"), "bundles": list((self.node.dir / "state").glob("*/*/*")),
            "interfaces": run(("ip", "-brief", "link")).stdout.splitlines(),
            "addresses": [path for path in ADDRESSES.glob("*.*.*.*")],
            "snapshots": self.node.ctr("snapshots", "ls", namespace="k8s.io").stdout.splitlines()}
        return {what: len(found) for what, found in lines.items()}

    def settled(self):
        """What is there when none of containerd's helpers runs, and it has stopped to change."""
        looks = [None]

        def same():
            looks.append(self.left())
            return looks[-1] == looks[-2] and self.node.pids_of(SHIM) == self.node.residents()
        self.assertTrue(eventually(same), looks[-2:])
        return looks[-1]

    def churn(self, kind, *command):
        self.assertTrue(eventually(lambda: not self.node.zygotes()))  # of the test before: it would be counted
        kept, config = self.node.pod(f"{kind}-kept", "strata")  # or the shim would end for want of pods
        self.addCleanup(self.node.remove_pod, kept)
        self.node.container(kept, config, "main", *command)
        self.come_and_go(f"{kind}-first", command)
        before = self.settled()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self.come_and_go, f"{kind}-{number}", command) for number in range(PODS)]:
                done.result()
        # containerd closes its connections to the shim, and removes what it unpacked, in its own time.
        eventually(lambda: self.left() == before)
        self.assertEqual(self.left(), before)

    def test_containers_leave_nothing(self):
        self.churn("container", "sleep", "1000")

    def test_components_leave_nothing(self):
        self.churn("wasm", "/hello.wasm")


if __name__ == "__main__":
    unittest.main()
