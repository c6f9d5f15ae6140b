"""A Function on a cluster, from its manifest to its answer: our operator on a real API server makes a Deployment of it,
and the pod that it describes runs on a real containerd with our shim. Who is missing in between, the scheduler, the
controller manager and kubelet, is played by the test. `make test-kube`."""

import json
import unittest
import urllib.error

from kube import image
from kube.cluster_test import OURS, OperatorTest
from kube.ctr_test import RUNTIME
from kube.http_test import HELLO, ask, component
from kube.support import MIB, OF_CONTAINER, Node

FUNCTION = f"{OURS}/functions/hello"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/hello"
FRONT = "/api/v1/namespaces/default/services/hello"
ARTIFACT = "localhost/test/hello:1"


class FunctionTest(OperatorTest):
    @classmethod
    def setUpClass(cls):
        cls.machine = Node((("strata-wasm", RUNTIME, "shim", "class = 'wasm'"),))
        cls.addClassCleanup(cls.end_machine)
        cls.machine.up().import_images()
        cls.machine.import_image(image.write, ARTIFACT, ("/hello.wasm",), {"hello.wasm": component("hello-c")})
        super().setUpClass()  # its server ends first: the machine looks for what is left

    @classmethod
    def end_machine(cls):
        left = cls.machine.end()
        if left:
            raise AssertionError("left behind:\n" + "\n".join(left))

    def function(self, spec):
        made = self.api.apply(FUNCTION, {"apiVersion": "strata.dev/v1alpha1", "kind": "Function",
                                         "metadata": {"name": "hello"}, "spec": spec})
        self.assertEqual(made["kind"], "Function", made)

    def run_pod(self, template):
        """What kubelet would make of it; the pod's address."""
        spec, (container,) = template["spec"], template["spec"]["containers"]
        handler = self.api.get(f"/apis/node.k8s.io/v1/runtimeclasses/{spec['runtimeClassName']}")["handler"]
        pod, config = self.machine.pod("hello", handler)
        self.addCleanup(self.machine.crictl, "rmp", "-f", pod)
        memory = container["resources"]["limits"]["memory"]
        self.machine.container(
            pod, config, container["name"], image={"image": container["image"]},
            envs=[{"key": each["name"], "value": each.get("value", "")} for each in container.get("env", [])],
            annotations=template["metadata"].get("annotations", {}),
            linux={"resources": {"memory_limit_in_bytes": int(memory.removesuffix("Mi")) * MIB},
                   "security_context": {"namespace_options": {"pid": OF_CONTAINER}}})
        status = json.loads(self.machine.must(self.machine.crictl("inspectp", pod)))["status"]
        return status["network"]["ip"]

    def ready(self):
        return self.conditions(FUNCTION).get("Ready")

    def test_its_manifest_is_answered_by_a_pod(self):
        self.node("n1", "container", "wasm")
        self.function({"artifact": f"oci://{ARTIFACT}", "class": "wasm", "env": {"NAME": "value"},
                       "limits": {"request_kib": 1}})
        self.operator()
        self.seen("progress", lambda: self.ready() == ("False", "Progressing"))
        deployment = self.api.get(DEPLOYMENT)
        template = deployment["spec"]["template"]
        address = self.run_pod(template)
        port = template["spec"]["containers"][0]["ports"][0]["containerPort"]
        for path in ("/", "/any/path"):
            self.assertEqual(ask(address, port, path), HELLO)
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            ask(address, port, body=b"x" * 1025)
        self.assertEqual(refusal.exception.code, 413)
        refusal.exception.close()

        self.api.merge(f"{DEPLOYMENT}/status", {"status": {
            "observedGeneration": deployment["metadata"]["generation"], "replicas": 1, "updatedReplicas": 1,
            "readyReplicas": 1, "availableReplicas": 1}})
        self.seen("readiness", lambda: self.ready() == ("True", "Available"))
        front = self.api.get(FRONT)["spec"]
        self.assertEqual(front["ports"][0]["port"], 80)
        self.assertEqual(front["selector"], template["metadata"]["labels"])

        # What the shim would not keep is refused, and the pods that are there stay.
        self.api.merge(FUNCTION, {"spec": {"guest": "command"}})
        self.seen("a refusal", lambda: self.ready() == ("False", "Unsupported"))
        self.assertEqual(self.api.get(DEPLOYMENT)["metadata"]["uid"], deployment["metadata"]["uid"])

        # A Service of that name has to wait until the name is free.
        service = f"{OURS}/services/hello"
        self.api.apply(service, {"apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": "hello"},
                                 "spec": {"artifact": "oci://registry.example/web:1"}})
        self.seen("a name that is taken", lambda: self.conditions(service).get("Ready") == ("False", "Taken"))
        self.api.delete(FUNCTION)
        for path in (DEPLOYMENT, FRONT, "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/hello"):
            self.seen("deleted", lambda path=path: self.goes(path))
            self.api.merge(path, {"metadata": {"finalizers": None}})  # the garbage collector's part
        self.seen("the end", lambda: self.api.get(FUNCTION).get("code") == 404)
        self.seen("the other's turn", lambda: self.conditions(service).get("Ready") == ("False", "Progressing"))
        template = self.api.get(DEPLOYMENT)["spec"]["template"]
        self.assertEqual(template["spec"]["runtimeClassName"], "strata-container")
        self.api.merge(service, {"metadata": {"finalizers": None}})
        self.api.delete(service)


if __name__ == "__main__":
    unittest.main()
