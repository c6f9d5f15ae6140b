"""What our admission policies keep service accounts to, where RBAC cannot: a real API server with the plain manifests.
`make test-kube`."""

import re
import unittest

from kube.cluster_test import DEPLOY, OURS, SYSTEM, OperatorTest
from kube.support import eventually

OWN, OTHER = "/api/v1/nodes/n1", "/api/v1/nodes/n2"
SERVICE = f"{OURS}/services/web"
# As install-node says them.
LABELS = re.findall(r'"(strata\.dev/\w+)": null', (DEPLOY / "image" / "install-node").read_text())
BY_POLICY = "ValidatingAdmissionPolicy 'strata-"
THEIRS = {"zone": "a", "strata.development/mine": "yes"}


def labels(**values):
    return {"metadata": {"labels": values}}


def port(number):
    return {"status": {"activator": {"port": number}}}


class AdmissionTest(OperatorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for path in (OWN, OTHER):
            cls.taken(cls.api.apply(path, {
                "apiVersion": "v1", "kind": "Node", "metadata": {
                    "name": path.rpartition("/")[2], "labels": THEIRS, "annotations": {"theirs": "yes"}},
                "spec": {"taints": [{"key": "theirs", "effect": "NoSchedule"}]}}))
        cls.taken(cls.api.apply(SERVICE, {
            "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"artifact": "oci://registry.example/web:1"}}))
        cls.of_own = cls.token_of_pod_on("n1")
        # A policy holds from a moment on after it was made.
        for asked in ((f"{OTHER}?dryRun=All", labels(zone="b"), cls.of_own), (f"{SERVICE}/status?dryRun=All", port(20000))):
            if not eventually(lambda asked=asked: BY_POLICY in cls.api.merge(*asked).get("message", "")):
                raise AssertionError(f"not refused: {asked[0]}")

    @classmethod
    def token_of_pod_on(cls, node):
        """As the DaemonSet's pod there has it."""
        made = cls.taken(cls.api.apply(f"{SYSTEM}/pods/on-{node}", {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"on-{node}"},
            "spec": {"serviceAccountName": "strata-node", "nodeName": node,
                     "containers": [{"name": "main", "image": "registry.example/none:1"}]}}))
        return cls.token("strata-node", boundObjectRef={
            "apiVersion": "v1", "kind": "Pod", "name": f"on-{node}", "uid": made["metadata"]["uid"]})

    @staticmethod
    def taken(answer):
        """It is the object, and no refusal."""
        if answer.get("kind") == "Status":
            raise AssertionError(answer["message"])
        return answer

    def refused(self, message, path, patch, token=None):
        """By a policy that says so, and nothing is changed."""
        before = self.api.get(path)["metadata"]["resourceVersion"]
        answer = self.api.merge(path, patch, token)
        self.assertEqual((answer.get("code"), answer.get("reason")), (403, "Forbidden"), answer)
        self.assertRegex(answer["message"], f"{BY_POLICY}.*: {message}$")
        self.assertEqual(self.api.get(path)["metadata"]["resourceVersion"], before)

    # --- strata-node

    def test_install_node_labels_its_node_and_takes_the_labels_back(self):
        self.assertIn("strata.dev/wasm", LABELS)
        works = {name: None if name == "strata.dev/tee" else "true" for name in LABELS}
        for said, left in ((works, {name: value for name, value in works.items() if value}), (dict.fromkeys(LABELS), {})):
            node = self.taken(self.api.merge(OWN, labels(**said), self.of_own))
            self.assertEqual(node["metadata"]["labels"], {**THEIRS, **left})

    def test_it_labels_no_node_but_that_of_its_pod(self):
        message = "strata-node may change no Node but the one that its pod runs on"
        patch = labels(**{"strata.dev/microvm": "true"})
        self.refused(message, OTHER, patch, self.of_own)
        self.refused(message, OWN, patch, self.token("strata-node"))  # of no pod
        self.taken(self.api.merge(OTHER, patch, self.token_of_pod_on("n2")))

    def test_of_its_node_it_changes_no_label_of_others(self):
        for what, changed in (("made", {"node-role.kubernetes.io/control-plane": ""}), ("changed", {"zone": "b"}),
                              ("removed", {"zone": None}), ("alike", {"strata.development/mine": None}),
                              ("beside ours", {"strata.dev/wasm": "true", "zone": "b"})):
            with self.subTest(what):
                self.refused(r"strata-node may change no label of a Node but strata\.dev/\*", OWN, labels(**changed), self.of_own)

    def test_of_its_node_it_changes_nothing_but_labels(self):
        ours = labels(**{"strata.dev/wasm": "true"})["metadata"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": "gone", "uid": "11111111-2222-3333-4444-555555555555"}
        for what, patch in (("cordoned", {"spec": {"unschedulable": True}}), ("a taint less", {"spec": {"taints": None}}),
                            ("annotated", {"metadata": {"annotations": {"strata.dev/mine": "yes"}}}),
                            ("an annotation less", {"metadata": {"annotations": None}}),
                            ("kept for ever", {"metadata": {"finalizers": ["strata.dev/mine"]}}),
                            ("deleted with its owner", {"metadata": {"ownerReferences": [owner]}}),
                            ("beside labels", {"metadata": ours, "spec": {"unschedulable": True}})):
            with self.subTest(what):
                self.refused("strata-node may change nothing of a Node but its labels", OWN, patch, self.of_own)

    def test_nobody_else_is_kept_to_that(self):
        self.taken(self.api.merge(OTHER, {
            "metadata": {"labels": {"zone": "b"}, "annotations": {"theirs": None}}, "spec": {"unschedulable": True}}))

    # --- whose the activators' ports are

    def test_the_operator_alone_says_at_which_port_a_service_is(self):
        status, message = f"{SERVICE}/status", "nobody but strata-operator may change status.activator"
        free, operator = {"status": {"replicas": 7}}, self.token("strata-operator")
        self.refused(message, status, port(20001))
        self.taken(self.api.merge(status, port(20001), operator))
        for what, patch in (("another", port(20002)), ("none", port(None)), ("no activator", {"status": {"activator": None}}),
                            ("no status", {"status": None}), ("beside what is free", {"status": {**port(20002)["status"], **free["status"]}})):
            with self.subTest(what):
                self.refused(message, status, patch)
        made = self.taken(self.api.merge(status, free))
        self.assertEqual(made["status"], {**port(20001)["status"], **free["status"]})
        self.taken(self.api.merge(status, port(20002), operator))
        made = self.taken(self.api.merge(status, {"status": {"activator": None}}, operator))
        self.assertEqual(made["status"], free["status"])


if __name__ == "__main__":
    unittest.main()
