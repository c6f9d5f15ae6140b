"""A Service whose replicas follow its load: our operator and an activator on a real API server. What Kubernetes' own
controllers and kubelet would do, the test does: a pod is a server of its own. `make test-kube`."""

import contextlib
import http.client
import http.server
import os
import socket
import subprocess
import threading
import unittest

from kube.cluster.api_server import ADDRESS
from kube.cluster_test import OURS, OperatorTest
from kube.support import BIN, PATIENCE, eventually

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
FRONTS = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ACTIVATORS = "/apis/discovery.k8s.io/v1/namespaces/strata-system/endpointslices/strata-activator-1"
MOST = 3


class Pod(http.server.BaseHTTPRequestHandler):
    """Says which path it was asked for, and by whom."""

    def do_GET(self):
        said = f"{self.path} for {self.headers['Host']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


class ScaleTest(OperatorTest):
    def setUp(self):
        self.name = self.id().rpartition("_")[2]  # nobody takes away what was made in another test
        self.service = f"{OURS}/services/{self.name}"
        self.deployment = f"{DEPLOYMENTS}/{self.name}"
        self.front, self.behind = (f"{FRONTS}/{self.name}{suffix}" for suffix in ("", "-pods"))
        self.way = f"{SLICES}/{self.name}.activator"
        self.node("n1", "container")
        self.activator = self.start_activator()
        self.addCleanup(self.end_activator)
        self.slice(ACTIVATORS, "strata-activator", [ADDRESS], 8079, "demand")
        self.addCleanup(self.api.delete, ACTIVATORS)

    def start_activator(self):
        with open(self.api.dir / "activator.log", "ab") as output:
            return subprocess.Popen([BIN / "strata-activator", "--server", self.api.url, "--ca", self.api.dir / "ca.crt",
                                     "--token", self.token_file("strata-activator")], stderr=output)

    @staticmethod
    def activator_listens(host=ADDRESS):
        with contextlib.suppress(OSError), socket.create_connection((host, 8079), PATIENCE):
            return True
        return False

    def end_activator(self):
        self.activator.kill()
        self.activator.wait(PATIENCE)

    # --- what Kubernetes would do

    def slice(self, path, front, addresses, port, name, **labels):
        made = self.api.apply(path, {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": path.rpartition("/")[2], "labels": {"kubernetes.io/service-name": front, **labels}},
            "addressType": "IPv4", "ports": [{"name": name, "port": port}],
            "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses]})
        self.assertEqual(made["kind"], "EndpointSlice", made)

    def pods(self, count):
        """So many are ready, of which the first answers."""
        seen = self.api.get(self.deployment)["metadata"]["generation"]
        self.api.merge(f"{self.deployment}/status", {"status": {
            "observedGeneration": seen, "replicas": count, "updatedReplicas": count, "readyReplicas": count,
            "availableReplicas": count}})
        labels = self.api.get(self.behind)["metadata"]["labels"]
        self.slice(f"{SLICES}/{self.name}-pods-1", f"{self.name}-pods", [ADDRESS] * min(count, 1), self.server.server_port, "main", **labels)

    def a_pods_server(self):
        self.server = http.server.ThreadingHTTPServer((ADDRESS, 0), Pod)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    # --- what is seen

    def make(self, follows=True, **scale):
        if follows:
            scale = {"min": 0, "max": MOST, "keep_alive": "1s", **scale}
        made = self.api.apply(self.service, {
            "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": self.name},
            "spec": {"artifact": "oci://registry.example/web:1", "scale": scale,
                     **({"limits": {"timeout_ms": 60000}} if follows else {})}})
        self.assertEqual(made["kind"], "Service", made)
        self.addCleanup(self.api.delete, self.service)
        self.addCleanup(self.api.merge, self.service, {"metadata": {"finalizers": None}})

    def ready(self):
        return self.conditions(self.service).get("Ready")

    def replicas(self):
        return self.api.get(self.deployment).get("spec", {}).get("replicas")

    def ask(self, path, port=None):
        """Status and text; at the address to which the Service's own slice leads."""
        found = self.api.get(self.way) if port is None else {}
        connection = http.client.HTTPConnection(ADDRESS, port or found["ports"][0]["port"], timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": "lazy.example"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def at_zero(self):
        """It came up, and is let go."""
        self.seen("one that shows that it comes up", lambda: self.replicas() == 1)
        self.pods(1)
        self.seen("none", lambda: self.replicas() == 0)
        self.pods(0)
        self.seen("its condition", lambda: self.ready() == ("True", "ScaledToZero"))

    def asking(self, *paths):
        """Asks for all at once, elsewhere; (the answers, what waits for them)."""
        answers = []
        threads = [threading.Thread(target=lambda path=path: answers.append(self.ask(path))) for path in paths]
        for thread in threads:
            thread.start()

        def joined():
            for thread in threads:
                thread.join()
        self.addCleanup(joined)
        return answers, joined

    # --- the promises

    def test_from_zero_to_an_answer_and_back(self):
        self.a_pods_server()
        self.make()
        self.operator()
        self.at_zero()
        # Its own selector finds no pod: it leads to the activator alone.
        front, pods = (self.api.get(path)["spec"] for path in (self.front, self.behind))
        self.assertEqual(pods["clusterIP"], "None")
        self.assertEqual(front["selector"], {**pods["selector"], "strata.dev/behind": "activator"})
        self.assertEqual(self.api.get(self.way)["endpoints"][0]["addresses"], [ADDRESS])

        answers, joined = self.asking("/first")
        self.seen("one for who waits", lambda: self.replicas() == 1)
        self.assertEqual(answers, [])
        self.pods(1)
        joined()
        self.assertEqual(answers, [(200, "/first for lazy.example\n")])
        self.seen("readiness", lambda: self.ready() == ("True", "Available"))
        self.assertEqual(self.ask("/second"), (200, "/second for lazy.example\n"))
        self.seen("none again", lambda: self.replicas() == 0)

    def test_who_waits_decides_how_many(self):
        self.a_pods_server()
        self.make(concurrency=1)
        self.operator()
        self.at_zero()
        answers, joined = self.asking(*(f"/{number}" for number in range(5)))
        self.seen("the most", lambda: self.replicas() == MOST)
        self.pods(MOST)
        joined()
        self.assertEqual([status for status, _ in answers], [200] * 5)

    def test_who_waits_does_not_wait_for_other_changes(self):
        self.a_pods_server()
        self.make()
        self.operator()
        self.at_zero()
        others = [f"busy-{number:02}" for number in range(60)]
        for name in others:
            self.api.apply(f"{OURS}/services/{name}", {
                "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": name},
                "spec": {"artifact": "oci://registry.example/web:1"}})
            self.addCleanup(self.api.delete, f"{OURS}/services/{name}")
            self.addCleanup(self.api.merge, f"{OURS}/services/{name}", {"metadata": {"finalizers": None}})
        _, joined = self.asking("/first")
        self.seen("one for who waits", lambda: self.replicas() == 1)
        made = {each["metadata"]["name"] for each in self.api.get(DEPLOYMENTS)["items"]}
        self.assertTrue(set(others) - made, "all others were made before it")
        self.pods(1)
        joined()

    def test_the_operator_alone_is_told_how_much_there_is_to_do(self):
        def status(token):
            connection = http.client.HTTPConnection(ADDRESS, 8079, timeout=PATIENCE)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/demand?seen=999", headers={"Authorization": f"Bearer {token}"} if token else {})
                return connection.getresponse().status

        self.assertTrue(eventually(self.activator_listens))
        self.assertEqual(status(self.token("strata-operator", "strata-activator")), 200)
        for told, token, expected in (("without one", None, 401), ("no token", "a.b.c", 403),
                                      ("for the API server", self.token("strata-operator"), 403),
                                      ("for others", self.token("strata-operator", "others"), 403),
                                      ("another's", self.token("strata-activator", "strata-activator"), 403)):
            with self.subTest(told):
                self.assertEqual(status(token), expected)

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6 here")
    def test_pods_of_either_family_have_it_listen(self):
        for host in (ADDRESS, "::1"):
            with self.subTest(host):
                self.assertTrue(eventually(lambda host=host: self.activator_listens(host)))

    def test_requests_are_answered_while_operator_and_api_server_are_gone(self):
        self.a_pods_server()
        self.make(min=1)
        operator = self.operator()
        self.seen("one", lambda: self.replicas() == 1)
        self.pods(1)
        self.seen("readiness", lambda: self.ready() == ("True", "Available"))
        port = self.api.get(self.way)["ports"][0]["port"]
        self.assertTrue(eventually(lambda: self.ask("/a", port)[0] == 200))
        operator.kill()
        operator.wait(PATIENCE)
        self.api.kill_server()
        try:
            self.assertEqual(self.ask("/b", port), (200, "/b for lazy.example\n"))
        finally:
            self.api.start_server()
        # An activator that begins anew knows all of it again, and another operator keeps its port.
        self.end_activator()
        self.activator = self.start_activator()
        self.operator()
        self.api.merge(self.service, {"spec": {"env": {"CHANGED": "yes"}}})
        self.seen("a change", lambda: "env" in self.api.get(self.deployment)["spec"]["template"]["spec"]["containers"][0]
                  and "CHANGED" in str(self.api.get(self.deployment)["spec"]["template"]))
        self.assertTrue(eventually(lambda: self.ask("/c")[0] == 200))
        self.assertEqual(self.api.get(self.way)["ports"][0]["port"], port)

    def test_what_leads_to_it_is_not_written_again(self):
        self.a_pods_server()
        self.make()
        self.operator()
        self.at_zero()
        before = len(self.api.written())
        for number in range(5):
            self.api.merge(self.service, {"metadata": {"annotations": {"looked-at": str(number)}}})
        self.api.merge(self.service, {"spec": {"env": {"CHANGED": "yes"}}})
        self.seen("a change", lambda: "CHANGED" in str(self.api.get(self.deployment)["spec"]["template"]))
        written = {path for _, path in self.api.written()[before:]}
        self.assertIn(self.deployment, written)
        self.assertFalse({self.front, self.behind, self.way} & written, written)

    def test_without_an_activator_it_says_so_and_what_is_there_stays(self):
        self.a_pods_server()
        self.make()
        self.operator()
        self.at_zero()
        self.api.delete(ACTIVATORS)
        self.seen("what is missing", lambda: self.ready() == ("False", "NoActivator"))
        self.assertEqual(self.replicas(), 0)
        self.slice(ACTIVATORS, "strata-activator", [ADDRESS], 8079, "demand")
        self.seen("as before", lambda: self.ready() == ("True", "ScaledToZero"))

    def test_a_fixed_number_needs_no_activator_and_comes_and_goes_by_the_manifest(self):
        self.a_pods_server()
        self.make(False, min=2, max=2)
        self.operator()
        selector = {"strata.dev/kind": "Service", "strata.dev/name": self.name}
        self.seen("two", lambda: self.replicas() == 2)
        self.seen("its pods", lambda: self.api.get(self.front).get("spec", {}).get("selector") == selector)
        self.make()
        self.seen("the activator's", lambda: self.api.get(self.front)["spec"]["selector"] != selector)
        self.make(False, min=2, max=2)
        self.seen("its pods'", lambda: self.api.get(self.front)["spec"]["selector"] == selector)
        # Until they are ready requests wait at the activator.
        self.seen("why it is not ready", lambda: self.ready() == ("False", "Progressing"))
        self.assertFalse(self.goes(self.way))
        self.pods(2)
        for path in (self.behind, self.way):
            self.seen(f"{path} deleted", lambda path=path: self.goes(path))
            self.api.merge(path, {"metadata": {"finalizers": None}})  # the garbage collector's part

    def test_the_activator_may_not_do_more_than_it_has_to(self):
        token = self.token("strata-activator")
        for method, path in (("GET", "/api/v1/secrets"), ("GET", "/api/v1/pods"), ("GET", f"{OURS}/functions"),
                             ("DELETE", self.service), ("POST", SLICES), ("PATCH", f"{self.service}/status")):
            with self.subTest(path):
                refused = self.api.request(method, path, token=token)
                self.assertEqual((refused.get("code"), refused.get("reason")), (403, "Forbidden"))


if __name__ == "__main__":
    unittest.main()
