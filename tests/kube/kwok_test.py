"""The operator and Kubernetes' own scheduler on 1,000 nodes, which kwok plays: it says of nodes and pods what kubelet
would. No pod runs. `make test-kube`."""

import collections
import json
import pathlib
import subprocess
import unittest

from kube.cluster.cluster import ControlPlane
from kube.cluster_test import OURS, OperatorTest
from kube.support import HERE, PATIENCE, eventually

NODES, WITH_MICROVM = 1000, 10
SERVICES, REPLICAS = 20, 5
PODS = "/api/v1/namespaces/default/pods"
LONG = 4 * PATIENCE  # for what is many


class ManyNodes(ControlPlane):
    MANAGER = ("--node-monitor-grace-period=3h",)  # nobody says again that a node is there

    def up(self):
        super().up()
        tools = subprocess.run([HERE / "cluster" / "build-kwok"], stdout=subprocess.PIPE, text=True, check=True)
        self.start(pathlib.Path(tools.stdout.strip()) / "kwok", f"--kubeconfig={self.configuration('admin')}", f"--config={HERE}/cluster/kwok.yaml",
                   "--manage-nodes-with-label-selector=played=yes", "--node-lease-duration-seconds=0")
        return self

    def add_nodes(self):
        text = "\n---\n".join(json.dumps(self.node(number)) for number in range(NODES))
        made = self.kubectl("create", "--validate=false", "-f", "-", stdin=text)
        if made.returncode != 0:
            raise AssertionError(made.stderr[-2000:])

    @staticmethod
    def node(number):
        has = ("container", "microvm") if number < WITH_MICROVM else ("container",)
        room = {"cpu": "32", "memory": "256Gi", "pods": "110"}
        return {"apiVersion": "v1", "kind": "Node", "status": {"allocatable": room, "capacity": room}, "metadata": {
            "name": f"node-{number:03}",
            "labels": {"played": "yes", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                       **{f"strata.dev/{each}": "true" for each in has}}}}


class KwokTest(OperatorTest):
    SERVER = ManyNodes

    def test_pods_are_where_their_class_is(self):
        self.api.add_nodes()
        self.many("nodes ready", lambda: self.count("nodes", "Ready") == NODES)
        names = [f"web-{number}" for number in range(SERVICES)]
        for number, name in enumerate(names):
            level = "high" if number % 4 == 0 else "low"  # of those, class microvm
            made = self.api.apply(f"{OURS}/services/{name}", {
                "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": name},
                "spec": {"artifact": "oci://registry.example/web:1", "replicas": REPLICAS, "requires": {"security": level}}})
            self.assertEqual(made["kind"], "Service", made)
        self.operator()
        self.many("all available", lambda: self.available(names))
        placed = self.placed()
        high = sum(number % 4 == 0 for number in range(SERVICES))
        self.assertEqual(collections.Counter(kind for kind, _ in placed),
                         {"strata-microvm": high * REPLICAS, "strata-container": (SERVICES - high) * REPLICAS})
        safe = {f"node-{number:03}" for number in range(WITH_MICROVM)}
        self.assertLessEqual({node for kind, node in placed if kind == "strata-microvm"}, safe)
        self.assertGreater(len({node for _, node in placed}), WITH_MICROVM)

        # All of them at once: changed, and deleted.
        for name in names:
            self.api.merge(f"{OURS}/services/{name}", {"spec": {"env": {"CHANGED": "yes"}, "replicas": 2}})
        self.many("the change rolled out", lambda: self.available(names) and len(self.placed()) == 2 * SERVICES)
        for name in names:
            self.api.delete(f"{OURS}/services/{name}")
        self.many("nothing is left", lambda: not self.api.get(f"{OURS}/services")["items"] and not self.placed())

    def many(self, what, probe):
        if not eventually(probe, LONG):
            self.fail(f"{what}\n{self.api.said()}")

    def count(self, plural, condition):
        items = self.api.get(f"/api/v1/{plural}")["items"]
        return sum((condition, "True") in [(each["type"], each["status"]) for each in item["status"].get("conditions", [])]
                   for item in items)

    def available(self, names):
        """Whether each Service is, in its last generation."""
        found = {each["metadata"]["name"]: each for each in self.api.get(f"{OURS}/services")["items"]}
        return all(self.is_available(found[name]) for name in names)

    @staticmethod
    def is_available(service):
        (ready,) = service.get("status", {}).get("conditions") or ({},)
        return (ready.get("reason"), ready.get("observedGeneration")) == ("Available", service["metadata"]["generation"])

    def placed(self):
        """Of each pod that is not to end its RuntimeClass and node."""
        pods = [each for each in self.api.get(PODS)["items"] if "deletionTimestamp" not in each["metadata"]]
        return [(each["spec"]["runtimeClassName"], each["spec"].get("nodeName")) for each in pods]


if __name__ == "__main__":
    unittest.main()
