"""Our kinds and our operator on a real API server of Kubernetes: what it accepts and refuses, and what becomes
of a Service. `make test-kube`."""

import base64
import json
import re
import secrets
import subprocess
import unittest

from kube.cluster.api_server import ApiServer
from kube.support import BIN, HERE, PATIENCE, ROOT, eventually

DEPLOY = ROOT / "deploy" / "kubernetes"
OURS = "/apis/strata.dev/v1alpha1/namespaces/default"
SERVICE = f"{OURS}/services/web"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/web"
FRONT = "/api/v1/namespaces/default/services/web"
POLICY = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/web"
EVENTS = "/api/v1/namespaces/default/events"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
SYSTEM = "/api/v1/namespaces/strata-system"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/strata-system/leases/strata-operator"


def documents(path):
    """Those of a file, each with its first line."""
    return [(part.split("\n", 1)[0].removeprefix("# "), part) for part in path.read_text().split("---\n")[1:]]


def volume(name, size_mib=8, **more):
    """The spec of a Service with that named volume."""
    return {"artifact": "oci://registry.example/web:1", "mounts": [{"volume": "d", "mount": "/d"}],
            "volumes": [{"name": "d", "named": {"volume": name, "size_mib": size_mib, **more}}]}


def place_of(text):
    """Where a manifest of ours is created, and its name."""
    kind = re.search(r"^kind: (\w+)", text, re.M)[1]
    return f"{OURS}/{kind.lower()}s", re.search(r"^metadata: \{name: ([\w.-]+)", text, re.M)[1]


class OperatorTest(unittest.TestCase):
    """With an API server that has our kinds and the plain manifests."""

    SERVER = ApiServer

    @classmethod
    def setUpClass(cls):
        cls.api = cls.SERVER()
        cls.addClassCleanup(cls.api.end)
        cls.api.up()
        for _, text in documents(DEPLOY / "chart" / "crds" / "crds.yaml"):
            name = re.search(r"name: (\w+\.strata\.dev)", text)[1]
            path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
            made = cls.api.apply(path, text)
            if made["kind"] != "CustomResourceDefinition":
                raise AssertionError(made["message"])
            if not eventually(lambda path=path: cls.conditions(path).get("Established") == ("True", "InitialNamesAccepted")):
                raise AssertionError(f"{name}: {cls.conditions(path)}")
        for path in sorted((DEPLOY / "plain").glob("*.yaml")):  # the namespace's is the first
            for _, text in documents(path):
                cls.install(text)

    @classmethod
    def install(cls, text):
        """One of the plain manifests."""
        group, kind = re.search(r"^apiVersion: (\S+)\nkind: (\w+)", text, re.M).groups()
        name, namespace = re.search(r"^metadata: \{name: ([\w.-]+)(?:, namespace: ([\w.-]+))?", text, re.M).groups()
        lower = kind.lower()
        plural = f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}es" if lower.endswith("s") else f"{lower}s"
        path = "/".join(("/apis" if "/" in group else "/api", group, *(("namespaces", namespace) if namespace else ()),
                         plural, name))
        made = cls.api.apply(path, text)
        if made.get("kind") != kind:
            raise AssertionError(f"{path}: {made.get('message')}")

    @classmethod
    def conditions(cls, path):
        """Type -> (status, reason)."""
        found = cls.api.get(path).get("status", {}).get("conditions") or []
        return {each["type"]: (each["status"], each["reason"]) for each in found}

    @classmethod
    def token(cls, account, *audiences, **more):
        """A service account's, as its pod has it: for the API server, or for those. `more`: of the request."""
        made = cls.api.request("POST", f"{SYSTEM}/serviceaccounts/{account}/token", json.dumps({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": audiences, **more}}))
        return made["status"]["token"]

    def token_file(self, account, *audiences):
        path = self.api.dir / "-".join((account, *audiences, "token"))
        path.write_text(self.token(account, *audiences))
        return path

    def operator(self):
        """Runs until the end of the test, with the rights that its manifest gives it; its process. The one before it has
        ended, and nobody waits until its lease is over."""
        self.api.delete(LEASE)
        with open(self.api.dir / "operator.log", "wb") as output:
            process = subprocess.Popen([BIN / "strata-operator", "--server", self.api.url, "--ca", self.api.dir / "ca.crt",
                                        "--token", self.token_file("strata-operator"), "--activator-token",
                                        self.token_file("strata-operator", "strata-activator")], stderr=output)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        return process

    def seen(self, what, probe):
        if not eventually(probe):
            said = [each["message"] for each in self.api.get(EVENTS)["items"]]
            self.fail("\n".join([what, *said, (self.api.dir / "operator.log").read_text()[-2000:]]))

    def goes(self, path):
        """Whether the object is deleted, and waits for what it owns."""
        return "deletionTimestamp" in self.api.get(path).get("metadata", {})

    def node(self, name, *classes):
        self.api.apply(f"/api/v1/nodes/{name}", {"apiVersion": "v1", "kind": "Node", "metadata": {
            "name": name, "labels": {f"strata.dev/{each}": "true" for each in classes}}})
        self.addCleanup(self.api.delete, f"/api/v1/nodes/{name}")


class ClusterTest(OperatorTest):
    def create(self, text):
        place, _ = place_of(text)
        return self.api.request("POST", f"{place}?fieldValidation=Strict", text, "application/yaml")

    # --- our kinds

    def test_schemas_are_structural(self):
        for name in ("functions", "services", "routes"):
            path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}.strata.dev"
            self.assertNotIn("NonStructuralSchema", self.conditions(path))

    def test_good_manifests_are_accepted(self):
        for _, text in documents(HERE / "cluster" / "accepted.yaml"):
            place, name = place_of(text)
            with self.subTest(name):
                made = self.create(text)
                self.assertEqual(made["metadata"].get("name"), name, made.get("message"))
                self.api.delete(f"{place}/{name}")

    def test_bad_manifests_are_refused_for_the_field_that_strata_names(self):
        for path, text in documents(HERE / "cluster" / "refused.yaml"):
            with self.subTest(path, text=text):
                refused = self.create(text)
                self.assertEqual(refused["kind"], "Status", "it was accepted")
                named = [each.get("field") for each in refused.get("details", {}).get("causes", [])]
                named += re.findall(r'unknown field "([\w.\[\]]+)\.\w+"', refused["message"])
                self.assertIn(path, named, refused["message"])

    def test_what_is_of_one_machine_is_refused(self):
        for spec in ("artifact: ./f.wasm", "artifact: 'oci:./layout'",
                     "artifact: 'oci://r.example/f', grants: {dirs: [{host: /srv, guest: /data, mode: ro}]}"):
            with self.subTest(spec):
                refused = self.create("apiVersion: strata.dev/v1alpha1\nkind: Function\nmetadata: {name: f}\n"
                                      f"spec: {{{spec}}}\n")
                self.assertIn("of one machine", refused.get("message", ""))

    # --- the operator

    def test_the_operator_may_not_do_more_than_it_has_to(self):
        token = self.token("strata-operator")
        for method, path in (("GET", "/api/v1/secrets"), ("GET", "/api/v1/namespaces/default/configmaps"),
                             ("POST", "/api/v1/namespaces/default/pods"), ("GET", "/apis/apps/v1/daemonsets"),
                             ("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")):
            with self.subTest(path):
                refused = self.api.request(method, path, token=token)
                self.assertEqual((refused.get("code"), refused.get("reason")), (403, "Forbidden"))

    def versions(self):
        """Of what the operator has made; those of the Deployment's status do not count."""
        return [self.api.get(POLICY)["metadata"]["resourceVersion"], self.api.get(FRONT)["metadata"]["resourceVersion"],
                self.api.get(DEPLOYMENT)["metadata"]["generation"]]

    def ready(self):
        return self.conditions(SERVICE).get("Ready")

    def test_the_one_node_of_a_thousand_that_has_the_class(self):
        """More than one page of what the operator lists."""
        for number in range(1000):
            self.node(f"node-{number:03}", "container", *(["microvm"] if number == 777 else []))
        names = [f"safe-{number}" for number in range(20)]
        for name in names:
            self.api.apply(f"{OURS}/services/{name}", {
                "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": name},
                "spec": {"artifact": "oci://registry.example/web:1", "requires": {"security": "high"}}})
        self.operator()
        self.seen("Deployments", lambda: all(self.class_of(name) == "strata-microvm" for name in names))
        self.api.merge("/api/v1/nodes/node-777", {"metadata": {"labels": {"strata.dev/microvm": None}}})
        self.seen("the class has gone", lambda: all(
            self.conditions(f"{OURS}/services/{name}")["Ready"] == ("False", "NoClass") for name in names))
        for name in names:
            self.api.merge(f"{OURS}/services/{name}", {"metadata": {"finalizers": None}})
            self.api.delete(f"{OURS}/services/{name}")

    def class_of(self, name):
        deployment = self.api.get(f"/apis/apps/v1/namespaces/default/deployments/{name}")
        return deployment.get("spec", {}).get("template", {}).get("spec", {}).get("runtimeClassName")

    def test_a_cluster_that_is_as_it_shall_be_is_not_written_to(self):
        """Whatever the operator looks at again: all that a Service can say is kept as it was applied."""
        self.node("n1", "container")
        said = {"artifact": "oci://registry.example/web:1", "replicas": 2, "env": {"EMPTY": "", "SIZE": "1"},
                "limits": {"memory_mib": 1024}, "stop_timeout_ms": 0,
                "volumes": [{"name": "cache", "tmpfs": {"size_mib": 2048}}],
                "mounts": [{"volume": "cache", "mount": "/cache"}],
                "triggers": [{"http": {"path": "/a"}}, {"http": {"host": "b.example", "path": "/"}}],
                "grants": {"dirs": [{"guest": "/tmp", "mode": "scratch"}]},
                "health": {"readiness": {"httpGet": {"path": "/ok"}}, "liveness": {"exec": {"command": ["a", "b"]}}}}
        names = [f"steady-{number}" for number in range(5)]
        for name in names:
            self.service(name, said)
        for name, retain in (("steady-keeps", True), ("steady-has", False)):
            self.service(name, volume(f"of-{name}", retain=retain))
            names.append(name)
        self.service("witness", {"artifact": "oci://registry.example/web:1"})
        self.operator()
        for name in names:
            self.seen(name, lambda name=name: self.conditions(f"{OURS}/services/{name}").get("Ready") == ("False", "Progressing"))
        self.look_at(names)
        before = len(self.api.written())
        for _ in range(5):
            self.look_at(names)
        written = self.api.written()[before:]
        self.assertEqual([each for each in written if "steady" in each[1]], [])
        self.assertIn(("patch", "/apis/apps/v1/namespaces/default/deployments/witness"), written)

    def test_what_the_clusters_policy_sets_is_said_and_not_written_again(self):
        self.mutate("mirrored", "/spec/template/spec/containers/0/image", "mirror.example/web:1")
        deployment = DEPLOYMENT.replace("web", "mirrored")
        self.node("n1", "container")
        self.service("mirrored", {"artifact": "oci://registry.example/web:1"})
        self.service("witnesses", {"artifact": "oci://registry.example/web:1"})
        self.operator()
        self.seen("the Deployment", lambda: "spec" in self.api.get(deployment))
        made = self.api.get(deployment)
        self.assertEqual(made["spec"]["template"]["spec"]["containers"][0]["image"], "mirror.example/web:1")
        self.api.merge(f"{deployment}/status", {"status": {
            "observedGeneration": made["metadata"]["generation"], "replicas": 1, "updatedReplicas": 1,
            "readyReplicas": 1, "availableReplicas": 1}})
        self.seen("what is set", lambda: self.conditions(f"{OURS}/services/mirrored").get("Ready") == ("True", "Overridden"))
        self.assertIn("Deployment mirrored: spec.template.spec.containers[main].image", str(self.api.get(f"{OURS}/services/mirrored")))
        self.look_at(["mirrored"], "witnesses")  # its Event is written by then
        before = len(self.api.written())
        for _ in range(3):
            self.look_at(["mirrored"], "witnesses")
        self.assertEqual([each for each in self.api.written()[before:] if "mirrored" in each[1]], [])

    def mutate(self, name, field, value):
        """From now on the API server sets that of the Deployment with this name."""
        at = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolic"
        head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
        for path, kind, spec in ((f"{at}ies/{name}", "MutatingAdmissionPolicy", {
                "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"],
                                                        "operations": ["CREATE", "UPDATE"]}]},
                "matchConditions": [{"name": "it", "expression": f"object.metadata.name == '{name}'"}],
                "failurePolicy": "Fail", "reinvocationPolicy": "Never",
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {
                    "expression": f"[JSONPatch{{op: 'replace', path: '{field}', value: '{value}'}}]"}}]}),
                                 (f"{at}ybindings/{name}", "MutatingAdmissionPolicyBinding", {"policyName": name})):
            made = self.api.apply(path, {**head, "kind": kind, "spec": spec})
            self.assertEqual(made["kind"], kind, made)
            self.addCleanup(self.api.delete, path)
        probe = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
            "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
                "containers": [{"name": "main", "image": "none"}]}}}}
        place = DEPLOYMENT.rpartition("/")[0]
        self.seen("the policy", lambda: value in str(self.api.request("POST", f"{place}?dryRun=All", json.dumps(probe))))

    def service(self, name, spec):
        made = self.api.apply(f"{OURS}/services/{name}", {
            "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
        self.assertEqual(made["kind"], "Service", made)
        self.addCleanup(self.api.delete, f"{OURS}/services/{name}")
        self.addCleanup(self.api.merge, f"{OURS}/services/{name}", {"metadata": {"finalizers": None}})

    def look_at(self, names, last="witness"):
        """Has the operator look at each of these Services again. It hears of them before it hears of the last one by name,
        and takes turns: when that one is changed for the second time, all others had theirs."""
        for name in names:
            self.api.merge(f"{OURS}/services/{name}", {"metadata": {"annotations": {"looked-at": secrets.token_hex(4)}}})
        witness = f"/apis/apps/v1/namespaces/default/deployments/{last}"
        for replicas in (2, 3):
            self.api.merge(f"{OURS}/services/{last}", {"spec": {"replicas": replicas}})
            self.seen("a change", lambda replicas=replicas: self.api.get(witness).get("spec", {}).get("replicas") == replicas)

    def test_a_routes_life(self):
        route, ingress = f"{OURS}/routes/shop", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/shop.route"
        made = self.api.apply(route, {
            "apiVersion": "strata.dev/v1alpha1", "kind": "Route", "metadata": {"name": "shop"},
            "spec": {"host": "shop.example", "path": "/shop", "backends": [{"function": "web"}]}})
        self.assertEqual(made["kind"], "Route", made)
        self.operator()
        self.seen("progress", lambda: self.conditions(route).get("Ready") == ("False", "Progressing"))
        (rule,) = self.api.get(ingress)["spec"]["rules"]
        self.assertEqual((rule["host"], rule["http"]["paths"][0]["path"]), ("shop.example", "/shop"))
        # What an ingress controller would say.
        self.api.merge(f"{ingress}/status", {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
        self.seen("readiness", lambda: self.conditions(route).get("Ready") == ("True", "Available"))
        self.api.merge(route, {"spec": {"backends": [{"function": "web"}, {"function": "other"}]}})
        self.seen("a refusal", lambda: self.conditions(route).get("Ready") == ("False", "Unsupported"))
        self.api.delete(route)
        self.seen("its Ingress deleted", lambda: self.goes(ingress))
        self.api.merge(ingress, {"metadata": {"finalizers": None}})  # the garbage collector's part
        self.seen("the end", lambda: self.api.get(route).get("code") == 404)

    def test_a_trigger_that_is_no_more_has_no_ingress(self):
        self.node("n1", "container")
        ingress = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/shown"
        self.service("shown", {"artifact": "oci://registry.example/web:1", "triggers": [{"http": {"path": "/shown"}}]})
        self.operator()
        self.seen("an Ingress", lambda: self.api.get(ingress).get("kind") == "Ingress")
        self.api.merge(f"{OURS}/services/shown", {"spec": {"triggers": None}})
        self.seen("it is deleted", lambda: self.goes(ingress))
        self.api.merge(ingress, {"metadata": {"finalizers": None}})  # the garbage collector's part

    def test_a_service_is_scaled_as_deployments_are(self):
        self.node("n1", "container")
        self.service("scaled", {"artifact": "oci://registry.example/web:1", "replicas": 2})
        self.operator()
        deployment = "/apis/apps/v1/namespaces/default/deployments/scaled"
        self.seen("its pods", lambda: self.api.get(f"{OURS}/services/scaled/scale").get("status", {}).get("selector")
                  == "strata.dev/kind=Service,strata.dev/name=scaled")
        self.api.merge(f"{OURS}/services/scaled/scale", {"spec": {"replicas": 5}})
        self.seen("more", lambda: self.api.get(deployment)["spec"]["replicas"] == 5)
        self.api.merge(f"{deployment}/status", {"status": {"replicas": 4}})
        self.seen("so many", lambda: self.api.get(f"{OURS}/services/scaled/scale")["status"]["replicas"] == 4)

    def test_what_somebody_else_made_is_left_alone(self):
        self.node("n1", "container")
        deployment = "/apis/apps/v1/namespaces/default/deployments/theirs"
        labels = {"app": "theirs"}
        made = self.api.apply(deployment, {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "theirs"},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
                "containers": [{"name": "main", "image": "registry.example/theirs:1"}]}}}})
        self.assertEqual(made["kind"], "Deployment", made)
        service = f"{OURS}/services/theirs"
        self.service("theirs", {"artifact": "oci://registry.example/web:1"})
        self.operator()
        self.seen("a name that is taken", lambda: self.conditions(service).get("Ready") == ("False", "Taken"))
        now = self.api.get(deployment)
        self.assertEqual(now["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"])
        for path in (FRONT, POLICY):  # what comes before it, and after it
            self.assertEqual(self.api.get(path.replace("web", "theirs")).get("code"), 404, path)
        self.api.delete(deployment)
        self.api.merge(service, {"metadata": {"annotations": {"looked-at": "again"}}})
        self.seen("the name is free", lambda: self.conditions(service).get("Ready") == ("False", "Progressing"))
        self.assertEqual(self.api.get(deployment)["metadata"]["labels"]["strata.dev/name"], "theirs")

    # --- strata --kube

    def kubeconfig(self):
        """The administrator's, as kubeadm writes it: all in one file."""
        data = {each: base64.b64encode((self.api.dir / each).read_bytes()).decode() for each in
                ("ca.crt", "admin.crt", "admin.key")}
        path = self.api.dir / "kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}},
                         {"name": "other", "context": {"cluster": "test", "user": "admin", "namespace": "other"}}],
            "clusters": [{"name": "test", "cluster": {"server": self.api.url, "certificate-authority-data": data["ca.crt"]}}],
            "users": [{"name": "admin", "user": {"client-certificate-data": data["admin.crt"],
                                                 "client-key-data": data["admin.key"]}}]}))
        return path

    def strata(self, *words, config=None):
        return subprocess.run([BIN / "strata", "--kube", "--kubeconfig", config or self.kubeconfig(), *words],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)

    def test_what_is_deployed_is_read_by_our_own_verbs(self):
        self.node("n1", "container", "microvm")
        self.service("plain", {"artifact": "oci://registry.example/web:1"})
        self.service("safe", {"artifact": "oci://registry.example/web:1", "requires": {"security": "high"}})
        self.service("nowhere", {"artifact": "oci://registry.example/web:1", "class": "appkernel"})
        self.operator()
        for name, reason in (("plain", "Progressing"), ("safe", "Progressing"), ("nowhere", "NoClass")):
            self.seen(name, lambda name=name, reason=reason:
                      self.conditions(f"{OURS}/services/{name}").get("Ready") == ("False", reason))
        listed = self.strata("get", "services").stdout.splitlines()
        rows = {words[2]: words for words in map(str.split, listed[1:])}
        self.assertEqual(rows["plain"][3:5] + rows["plain"][6:], ["container", "False", "Progressing"], listed)
        self.assertEqual((rows["safe"][3], rows["nowhere"][3], rows["nowhere"][6]), ("microvm", "-", "NoClass"))
        items = json.loads(self.strata("get", "-A", "-o", "json").stdout)["items"]
        self.assertLessEqual({"plain", "safe", "nowhere"}, {each["metadata"]["name"] for each in items})
        self.assertNotIn("managedFields", items[0]["metadata"])
        one = json.loads(self.strata("get", "service", "safe", "-o", "json").stdout)
        self.assertEqual(one["spec"]["requires"], {"security": "high"})
        shown = self.strata("explain", "safe").stdout
        self.assertIn("default/safe runs in class microvm: ", shown)
        self.assertIn("Ready: False, Progressing since ", shown)
        self.assertRegex(shown, r"container .*security")
        lost = self.strata("explain", "nowhere")
        self.assertIn("default/nowhere is in no class. Ready: False, NoClass since ", lost.stderr)
        self.assertTrue(self.strata("--context", "other", "get").stdout.startswith("Nothing is deployed"))

    def test_what_a_cluster_cannot_be_asked_is_refused(self):
        for words, code, said in ((("top",), 8, "get, describe and explain"), (("get", "service", "none"), 3, "not found"),
                                  (("explain", "none"), 3, "no Function or Service 'none'"),
                                  (("--context", "gone", "get"), 2, "no context 'gone' in contexts")):
            with self.subTest(words):
                refused = self.strata(*words)
                self.assertEqual(refused.returncode, code, refused.stderr)
                self.assertIn(said, refused.stderr)
        lost = self.strata("get", config="/nowhere")
        self.assertEqual(lost.returncode, 3, lost.stderr)
        self.assertIn("/nowhere", lost.stderr)

    def test_a_named_volume_is_a_claim_of_one_service(self):
        self.node("n1", "container")
        claim = f"{CLAIMS}/data.volume"
        self.service("db", volume("data", size_mib=16))
        self.operator()
        ready = lambda name: self.conditions(f"{OURS}/services/{name}").get("Ready")  # noqa: E731
        self.seen("a claim", lambda: self.api.get(claim).get("kind") == "PersistentVolumeClaim")
        self.seen("progress", lambda: ready("db") == ("False", "Progressing"))
        self.service("other", volume("data", size_mib=16))
        self.seen("the volume is another's", lambda: ready("other") == ("False", "Taken"))
        self.api.merge(f"{OURS}/services/db", {"spec": {"replicas": 2}})
        self.seen("a refusal", lambda: ready("db") == ("False", "Unsupported"))

        # Kept, whatever becomes of who named it; taken up again by who has its name.
        self.api.apply(f"{OURS}/services/db", {
            "apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": "db"},
            "spec": {**volume("data", size_mib=16, retain=True), "replicas": 1}})
        self.seen("nobody's", lambda: "ownerReferences" not in self.api.get(claim)["metadata"])
        uid = self.api.get(claim)["metadata"]["uid"]
        self.deleted("db")
        self.assertNotIn("deletionTimestamp", self.api.get(claim)["metadata"])
        self.service("db", volume("data", size_mib=8, retain=True))
        self.seen("it does not shrink", lambda: ready("db") == ("False", "Refused"))
        self.api.merge(f"{OURS}/services/db", {"spec": {"volumes": volume("data", size_mib=16)["volumes"]}})
        self.seen("progress", lambda: ready("db") == ("False", "Progressing"))
        self.assertEqual(self.api.get(claim)["metadata"]["uid"], uid)
        self.deleted("db", claim)

    def test_a_volume_is_kept_by_a_manifest_that_could_never_be_made(self):
        self.node("n1", "container")
        claim, path = f"{CLAIMS}/asked.volume", f"{OURS}/services/asks"
        self.service("asks", volume("asked"))
        self.operator()
        self.seen("a claim", lambda: self.api.get(claim).get("kind") == "PersistentVolumeClaim")
        self.service("asks", {**volume("asked", retain=True), "priority": "high"})
        self.seen("a refusal", lambda: self.conditions(path).get("Ready") == ("False", "Unsupported"))
        self.assertIn("ownerReferences", self.api.get(claim)["metadata"])
        self.deleted("asks")
        kept = self.api.get(claim)
        self.assertFalse({"ownerReferences", "deletionTimestamp"} & set(kept["metadata"]))
        self.assertEqual(kept["spec"]["resources"]["requests"]["storage"], "8Mi")

    def test_a_volume_comes_to_a_service_and_goes_from_it(self):
        """The Deployment stays the same object; its pods take turns only while there is a volume."""
        self.node("n1", "container")
        claim, deployment = f"{CLAIMS}/late.volume", "/apis/apps/v1/namespaces/default/deployments/changes"

        def turns():
            return self.api.get(deployment).get("spec", {}).get("strategy", {}).get("rollingUpdate", {})

        self.service("changes", {"artifact": "oci://registry.example/web:1"})
        self.operator()
        self.seen("a Deployment", lambda: turns().get("maxSurge") == "25%")
        uid = self.api.get(deployment)["metadata"]["uid"]
        self.service("changes", volume("late"))
        self.seen("one pod at a time", lambda: turns() == {"maxSurge": 0, "maxUnavailable": 1})
        self.assertEqual(self.api.get(claim)["spec"]["resources"]["requests"]["storage"], "8Mi")
        self.service("changes", {"artifact": "oci://registry.example/web:1"})
        self.seen("as it was", lambda: turns() == {"maxSurge": "25%", "maxUnavailable": "25%"})
        self.seen("the claim deleted", lambda: self.goes(claim))
        self.assertEqual(self.api.get(deployment)["metadata"]["uid"], uid)
        self.api.merge(claim, {"metadata": {"finalizers": None}})  # the garbage collector's part
        self.deleted("changes")

    def test_one_that_is_to_end_gives_its_lease_up(self):
        self.node("n1", "container")
        self.service("ends", {"artifact": "oci://registry.example/web:1"})
        operator = self.operator()
        self.seen("a holder", lambda: self.api.get(LEASE).get("spec", {}).get("holderIdentity"))
        operator.terminate()
        self.assertEqual(operator.wait(PATIENCE), 0)
        self.assertNotIn("holderIdentity", self.api.get(LEASE)["spec"])

    def test_what_is_to_be_left_by_who_deletes_it_is_left(self):
        self.node("n1", "container")
        path, claim = f"{OURS}/services/left", f"{CLAIMS}/left.volume"
        self.service("left", volume("left"))
        self.operator()
        self.seen("a claim", lambda: self.api.get(claim).get("kind") == "PersistentVolumeClaim")
        self.api.request("DELETE", path, json.dumps({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan"}))
        self.seen("the operator is done", lambda: self.api.get(path)["metadata"]["finalizers"] == ["orphan"])
        for made in (claim, *(each.replace("web", "left") for each in (DEPLOYMENT, FRONT, POLICY))):
            self.assertEqual(self.api.get(made)["metadata"]["ownerReferences"][0]["name"], "left")
            self.assertFalse(self.goes(made), made)

    def deleted(self, name, *more):
        """Deletes a Service, and plays the garbage collector."""
        self.api.delete(f"{OURS}/services/{name}")
        for path in (*(each.replace("web", name) for each in (DEPLOYMENT, FRONT, POLICY)), *more):
            self.seen(f"{path} deleted", lambda path=path: self.goes(path))
            self.api.merge(path, {"metadata": {"finalizers": None}})
        self.seen("the end", lambda: self.api.get(f"{OURS}/services/{name}").get("code") == 404)

    def test_a_services_life(self):
        self.node("n1", "container")
        self.api.apply(SERVICE, {"apiVersion": "strata.dev/v1alpha1", "kind": "Service", "metadata": {"name": "web"},
                                 "spec": {"artifact": "oci://registry.example/web:1", "replicas": 2}})
        operator = self.operator()
        self.seen("progress", lambda: self.ready() == ("False", "Progressing"))
        deployment = self.api.get(DEPLOYMENT)
        self.assertEqual(deployment["spec"]["template"]["spec"]["runtimeClassName"], "strata-container")
        for path in (FRONT, POLICY):
            self.assertEqual(self.api.get(path)["metadata"]["name"], "web")
        made = self.versions()

        # What the controller manager and kubelet would say.
        self.api.merge(f"{DEPLOYMENT}/status", {"status": {
            "observedGeneration": deployment["metadata"]["generation"], "replicas": 2, "updatedReplicas": 2,
            "readyReplicas": 2, "availableReplicas": 2}})
        self.seen("readiness", lambda: self.ready() == ("True", "Available"))
        self.seen("events", lambda: {"Progressing", "Available"} <= {
            each["reason"] for each in self.api.get(EVENTS)["items"]})
        self.assertEqual(self.versions(), made, "what is as it should be was changed")

        def three():
            nonlocal operator
            if operator.poll() is not None:  # it could not renew its lease in time; kubelet would start it again
                operator = self.operator()
            return self.api.get(DEPLOYMENT).get("spec", {}).get("replicas") == 3

        self.api.kill_server()
        self.api.start_server()
        self.api.merge(SERVICE, {"spec": {"replicas": 3}})
        self.seen("a change after the server's death", three)
        self.api.merge(DEPLOYMENT, {"spec": {"replicas": 7}})
        self.seen("what another changed, put right", three)

        self.api.merge("/api/v1/nodes/n1", {"metadata": {"labels": {"strata.dev/container": None}}})
        self.seen("a class that has gone", lambda: self.ready() == ("False", "NoClass"))

        self.api.delete(SERVICE)
        self.seen("its Deployment deleted", lambda: self.goes(DEPLOYMENT))
        self.assertIn("strata.dev/controller", self.api.get(SERVICE)["metadata"]["finalizers"])
        self.deleted("web")


if __name__ == "__main__":
    unittest.main()
