"""A real Kubernetes whose node runs pods in our classes: installed by the chart, made by kubelet, by a Deployment, or by
our operator, which is a pod, too. `make test-kube`."""

import contextlib
import http.client
import json
import os
import signal
import threading
import unittest

from kube import guests, image
from kube.appkernel_test import RUNSC
from kube.cluster.cluster import NODE, Cluster
from kube.cluster_test import DEPLOY, OURS
from kube.http_test import HELLO, PORT, ask, component
from kube.microvm_test import HERE as HAS_MACHINES
from kube.support import IMAGE, STRATA, kill, run

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
FRONTS = "/api/v1/namespaces/default/services"
ARTIFACT = "localhost/test/hello:1"
WEB = "localhost/test/web:1"
SYSTEM = "strata-system"


def container(name, *command, **more):
    return {"name": name, "image": IMAGE, "imagePullPolicy": "Never", "command": list(command), **more}


class KubeletTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster({**guests.FILES, "web.wasm": component("hello-c")})
        cls.addClassCleanup(cls.end)
        machine = cls.cluster.machine
        machine.on_path = machine.dir / "links"
        cls.cluster.up()
        machine.import_image(image.write, ARTIFACT, ("/hello.wasm",), {"hello.wasm": component("hello-c")})
        machine.import_image(image.write, WEB, ("httpd", "-f", "-p", "8080", "-h", "/www"))
        machine.import_strata()
        restart = cls.enterClassContext(machine.restarted_on_request())
        cls.values = {"image": STRATA, "imagePullPolicy": "Never", "nodeFolder": f"{machine.dir}/strata",
                      "nodeLinks": str(machine.on_path),
                      "containerdConfig": f"{machine.dir}/conf.d/strata.toml", "restartContainerd": restart,
                      "containerdMainConfig": f"{machine.dir}/config.toml",
                      "dumpContainerdConfig": f"{machine.tools}/containerd -c {machine.dir}/config.toml config dump"}
        values = cls.cluster.dir / "values.json"
        values.write_text(json.dumps(cls.values))
        machine.must(cls.cluster.helm("install", "strata", DEPLOY / "chart", "--namespace", SYSTEM, "--create-namespace",
                                      "--values", values))
        machine.must(cls.cluster.kubectl("label", "namespace", SYSTEM, "pod-security.kubernetes.io/enforce=privileged"))
        cls.cluster.wait_for("labels of the node", lambda: "strata.dev/wasm" in cls.labels())

    @classmethod
    def end(cls):
        left = cls.cluster.end()
        if left:
            raise AssertionError("left behind:\n" + "\n".join(left))

    @classmethod
    def labels(cls):
        return cls.cluster.get(f"/api/v1/nodes/{NODE}")["metadata"]["labels"]

    def run_pod(self, name, runtime_class, *containers, annotations=None, **spec):
        """A pod with these containers, until the end of the test."""
        made = self.cluster.apply(f"{PODS}/{name}", {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"runtimeClassName": runtime_class, "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "containers": list(containers), **spec}})
        self.assertEqual(made["kind"], "Pod", made)
        self.addCleanup(self.cluster.delete, f"{PODS}/{name}")

    def status(self, name):
        return self.cluster.status(f"{PODS}/{name}")

    def seen(self, what, name, probe):
        """Waits until the pod's status is so."""
        try:
            self.cluster.wait_for(what, lambda: probe(self.status(name)))
        except AssertionError as never:
            self.fail(f"{self.cluster.kubectl('describe', 'pod', name).stdout[-3000:]}\n{never}")
        return self.status(name)

    def ended(self, name):
        """How its first container ended."""
        status = self.seen("its end", name, lambda status: status.get("phase") in ("Succeeded", "Failed"))
        return status["containerStatuses"][0]["state"]["terminated"]["exitCode"]

    def ready(self, name):
        """Its address, once all containers are ready."""
        return self.seen("ready", name, lambda status: ("Ready", "True") in [
            (each["type"], each["status"]) for each in status.get("conditions", [])])["podIP"]

    def kubectl(self, *words, **options):
        """What it says; it has to succeed."""
        return self.cluster.machine.must(self.cluster.kubectl(*words, **options))

    def logs(self, name):
        return self.kubectl("logs", name)

    # --- pods by hand

    def test_a_container_runs_and_logs(self):
        self.run_pod("container", "strata-container", container("main", "sh", "-c", "echo out; exit 3"))
        self.assertEqual(self.ended("container"), 3)
        self.assertEqual(self.logs("container"), "out")

    def test_a_command_runs_and_logs(self):
        self.run_pod("command", "strata-wasm", container("main", "/hello.wasm"))
        self.assertEqual(self.ended("command"), 0)
        self.assertEqual(sorted(self.logs("command").split()), ["behind", "hello"])

    @unittest.skipUnless(os.path.exists(RUNSC), f"there is no {RUNSC}")
    def test_a_container_of_class_appkernel_is_not_on_the_hosts_kernel(self):
        self.run_pod("appkernel", "strata-appkernel", container("main", "uname", "-r"))
        self.assertEqual(self.ended("appkernel"), 0)
        kernel = self.logs("appkernel")
        self.assertNotEqual(kernel, "")
        self.assertNotIn(os.uname().release, kernel)

    @unittest.skipUnless(HAS_MACHINES, "microvm_test.py says what is missing")
    def test_a_container_of_class_microvm_is_in_a_machine_of_its_own(self):
        self.run_pod("machine", "strata-microvm", container("main", "uname", "-r"))
        self.assertEqual(self.ended("machine"), 0)
        kernel = self.logs("machine")
        self.assertNotEqual(kernel, "")
        self.assertNotIn(os.uname().release, kernel)

    def test_a_component_and_a_container_in_one_pod(self):
        probe = {"periodSeconds": 1, "httpGet": {"path": "/", "port": 9000}}
        self.run_pod("both", "strata", container("web", "/web.wasm", readinessProbe=probe, livenessProbe=probe),
                     container("beside", "sh", "-c", "touch /tmp/up; sleep 1000", readinessProbe={
                         "periodSeconds": 1, "exec": {"command": ["test", "-e", "/tmp/up"]}}),
                     annotations={PORT: "9000"})
        self.assertEqual(ask(self.ready("both"), 9000), HELLO)
        said = self.kubectl("exec", "both", "-c", "beside", "--", "wget", "-q", "-O", "-", "http://127.0.0.1:9000/")
        self.assertEqual(said, HELLO.strip())
        refused = self.cluster.kubectl("exec", "both", "-c", "web", "--", "/web.wasm")
        self.assertIn("one program", refused.stderr)
        usage = json.loads(self.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/stats/summary"))
        (pod,) = [each for each in usage["pods"] if each["podRef"]["name"] == "both"]
        for each in pod["containers"]:
            self.assertGreater(each["memory"]["workingSetBytes"], 0, each["name"])

    def test_a_command_reads_what_was_made_for_it(self):
        self.cluster.apply("/api/v1/namespaces/default/configmaps/said", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "said"}, "data": {"key": "by a ConfigMap"}})
        self.make_secret()
        mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        self.run_pod("secret", "strata-wasm", container("main", "/read-mount.wasm", **mount),
                     volumes=[{"name": "data", "secret": {"secretName": "kept"}}], automountServiceAccountToken=False)
        self.run_pod("config", "strata-wasm", container("main", "/read-mount.wasm", **mount),
                     volumes=[{"name": "data", "configMap": {"name": "said"}}], automountServiceAccountToken=False)
        self.run_pod("init", "strata", container("main", "/read-mount.wasm", **mount),
                     initContainers=[container("first", "sh", "-c", "echo by another container >/data/key", **mount)],
                     volumes=[{"name": "data", "emptyDir": {}}], automountServiceAccountToken=False)
        for name, said in (("secret", "by a Secret"), ("config", "by a ConfigMap"), ("init", "by another container")):
            with self.subTest(name):
                self.assertEqual(self.ended(name), 0)
                self.assertEqual(self.logs(name), said)

    def make_secret(self):
        self.cluster.apply("/api/v1/namespaces/default/secrets/kept", {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "stringData": {"key": "by a Secret"}})

    def test_a_container_has_secrets_and_is_who_its_token_says(self):
        self.make_secret()
        show = 'echo "$KEPT"; cat /kept/key; echo; cat /var/run/secrets/kubernetes.io/serviceaccount/token'
        self.run_pod("trusted", "strata-container", container(
            "main", "sh", "-c", show, volumeMounts=[{"name": "kept", "mountPath": "/kept", "readOnly": True}],
            env=[{"name": "KEPT", "valueFrom": {"secretKeyRef": {"name": "kept", "key": "key"}}}]),
            volumes=[{"name": "kept", "secret": {"secretName": "kept"}}])
        self.assertEqual(self.ended("trusted"), 0)
        by_name, by_file, token = self.logs("trusted").splitlines()
        self.assertEqual((by_name, by_file), ("by a Secret", "by a Secret"))
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        said = json.loads(self.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review)))["status"]
        self.assertEqual((said["authenticated"], said["user"]["username"]), (True, "system:serviceaccount:default:default"))

    def test_what_is_typed_at_a_container_arrives(self):
        self.run_pod("typed", "strata-container", container(
            "main", "sh", "-c", "read line; echo got $line", stdin=True, stdinOnce=True))
        self.ready("typed")
        self.cluster.kubectl("attach", "-i", "typed", stdin="this\n")
        self.assertEqual(self.ended("typed"), 0)
        self.assertEqual(self.logs("typed"), "got this")

    def test_what_fails_is_started_again(self):
        self.run_pod("fails", "strata-wasm", container("main", "/exit7.wasm"), restartPolicy="OnFailure")
        self.run_pod("sick", "strata-container", container("main", "sleep", "1000", livenessProbe={
            "periodSeconds": 1, "failureThreshold": 1, "exec": {"command": ["false"]}}), restartPolicy="Always")
        for name, code in (("fails", 7), ("sick", 137)):
            with self.subTest(name):
                status = self.seen("a restart", name, lambda status: status.get("containerStatuses", [{}])[0].get(
                    "restartCount", 0) > 0)
                self.assertEqual(status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"], code)

    def test_who_takes_more_memory_than_its_limit_is_killed(self):
        self.run_pod("greedy", "strata-container", container("main", "tail", "/dev/zero", resources={
            "limits": {"memory": "16Mi"}}))
        self.assertEqual(self.ended("greedy"), 137)
        state = self.status("greedy")["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual(state["reason"], "OOMKilled")

    def test_a_pods_overhead_is_its_classs_and_a_class_that_no_node_has_is_waited_for(self):
        classes = "/apis/node.k8s.io/v1/runtimeclasses"
        ours = self.cluster.get(f"{classes}/strata-microvm")
        nowhere = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nowhere"},
                   "handler": ours["handler"], "overhead": ours["overhead"],
                   "scheduling": {"nodeSelector": {"strata.dev/nowhere": "true"}}}
        made = self.cluster.apply(f"{classes}/nowhere", nowhere)
        self.assertEqual(made["kind"], "RuntimeClass", made)
        self.addCleanup(self.cluster.delete, f"{classes}/nowhere")
        self.run_pod("waiting", "nowhere", container("main", "true"))
        self.cluster.wait_for("refusal", lambda: self.cluster.condition(f"{PODS}/waiting", "PodScheduled") == "False")
        self.assertEqual(self.cluster.get(f"{PODS}/waiting")["spec"]["overhead"], ours["overhead"]["podFixed"])

    # --- what the chart installs

    def test_the_chart_is_sound(self):
        self.cluster.machine.must(self.cluster.helm("lint", "--strict", DEPLOY / "chart"))

    def test_the_plain_manifests_would_change_nothing(self):
        values = [f"{name}={value}" for name, value in self.values.items()]
        rendered = self.cluster.machine.must(run((DEPLOY / "render.py", *values)))
        self.kubectl("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=rendered)

    def test_the_node_says_what_it_has(self):
        self.assertEqual({name for name in ("container", "wasm", "appkernel", "microvm")
                          if self.labels().get(f"strata.dev/{name}") == "true"},
                         {"container", "wasm"} | ({"appkernel"} if os.path.exists(RUNSC) else set())
                         | ({"microvm"} if HAS_MACHINES else set()))

    # --- by the operator

    def make(self, kind, name, spec):
        path = f"{OURS}/{kind.lower()}s/{name}"
        made = self.cluster.apply(path, {"apiVersion": "strata.dev/v1alpha1", "kind": kind, "metadata": {"name": name},
                                         "spec": spec})
        self.assertEqual(made["kind"], kind, made)
        self.addCleanup(self.cluster.delete, path)
        return path

    def available(self, path):
        try:
            self.cluster.wait_for(path, lambda: self.cluster.condition(path, "Ready") == "True")
        except AssertionError as never:
            self.fail(f"{self.kubectl('describe', 'pods')[-4000:]}\n{self.cluster.status(path)}\n{never}")

    def front_says(self, name, port, path="/"):
        """What is answered at the address of Kubernetes' Service, once kube-proxy has heard of its pods. Who asks before
        leaves a connection to nowhere in the kernel's table, which whoever gets its port within two minutes continues."""
        address = self.cluster.get(f"{FRONTS}/{name}")["spec"]["clusterIP"]
        self.cluster.wait_for(f"{name} at {address}", lambda: f" -d {address}/32 " in run(("iptables-save", "-t", "nat")).stdout)
        return ask(address, port, path)

    def pods(self, name):
        """Name -> status, of one of ours."""
        found = self.cluster.get(f"{PODS}?labelSelector=strata.dev/name={name}")["items"]
        return {each["metadata"]["name"]: each["status"] for each in found}

    def gone(self, path, name):
        """Has it deleted, with all that was made for it."""
        self.cluster.delete(path)
        for each in (path, f"{DEPLOYMENTS}/{name}", f"{FRONTS}/{name}"):
            self.cluster.wait_for(f"the end of {each}", lambda each=each: self.cluster.get(each).get("code") == 404)
        self.cluster.wait_for("the end of its pods", lambda: not self.pods(name))

    def test_a_function_from_its_manifest_to_its_end(self):
        path = self.make("Function", "hello", {"artifact": f"oci://{ARTIFACT}"})
        self.available(path)
        (pod,) = self.pods("hello").values()
        self.assertEqual(ask(pod["podIP"], 8080), HELLO)
        self.assertEqual(self.front_says("hello", 80), HELLO)
        self.gone(path, "hello")

    def test_a_change_is_rolled_out_without_a_failed_request(self):
        path = self.make("Function", "steady", {"artifact": f"oci://{ARTIFACT}"})
        self.available(path)
        self.assertEqual(self.front_says("steady", 80), HELLO)
        address = self.cluster.get(f"{FRONTS}/steady")["spec"]["clusterIP"]
        failed, answered, done = [], [], threading.Event()

        def ask_again_and_again():
            while not done.is_set():
                try:
                    answered.append(ask(address, 80) == HELLO)
                except (OSError, http.client.HTTPException) as error:
                    failed.append(error)

        def replaced(before):
            pods = self.cluster.get(f"{PODS}?labelSelector=strata.dev/name=steady")["items"]
            return not before & {pod["metadata"]["name"] for pod in pods}

        asking = threading.Thread(target=ask_again_and_again)
        asking.start()
        try:
            for value in ("a", "b"):
                before = set(self.pods("steady"))
                self.cluster.merge(path, {"spec": {"env": {"CHANGED": value}}})
                self.cluster.wait_for("another pod", lambda before=before: replaced(before))
        finally:
            done.set()
            asking.join()
        self.assertEqual((failed, all(answered)), ([], True))
        self.assertGreater(len(answered), 0)

    def test_a_service_is_scaled_changed_and_deleted(self):
        path = self.make("Service", "web", {
            "artifact": f"oci://{WEB}", "replicas": 2, "limits": {"memory_mib": 32},
            "health": {"readiness": {"httpGet": {"path": "/index.html"}, "period_ms": 1000}}})
        self.available(path)
        self.assertEqual(len(self.pods("web")), 2)
        self.assertEqual(self.front_says("web", 8080, "/index.html"), "hello from busybox\n")
        self.kubectl("scale", "services.strata.dev/web", "--replicas", "3")
        self.cluster.wait_for("three pods", lambda: self.cluster.status(path).get("replicas") == 3)
        before = set(self.pods("web"))
        self.cluster.merge(path, {"spec": {"env": {"CHANGED": "yes"}}})
        self.cluster.wait_for("other pods", lambda: not before & set(self.pods("web")))
        self.available(path)
        self.assertEqual(self.front_says("web", 8080, "/index.html"), "hello from busybox\n")
        self.gone(path, "web")

    def test_a_service_that_nobody_asks_has_no_pod_until_somebody_does(self):
        self.cluster.wait_for("activators", lambda: self.cluster.status(
            f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/strata-activator").get("availableReplicas") == 2)
        path = self.make("Service", "lazy", {
            "artifact": f"oci://{WEB}", "limits": {"memory_mib": 32, "timeout_ms": 60000},
            "scale": {"min": 0, "max": 2, "keep_alive": "1s"}})
        self.cluster.wait_for("a pod that shows that it comes up", lambda: self.pods("lazy"))
        for _ in range(2):
            self.cluster.wait_for("no pod", lambda: self.cluster.status(path).get("replicas") == 0 and not self.pods("lazy"))
            self.assertEqual(self.front_says("lazy", 8080, "/index.html"), "hello from busybox\n")
            self.assertEqual(len(self.pods("lazy")), 1)
        # None of those who ask again and again meets the end of a pod, nor the beginning of one.
        address = self.cluster.get(f"{FRONTS}/lazy")["spec"]["clusterIP"]
        before = set(self.pods("lazy"))
        self.cluster.merge(path, {"spec": {"env": {"CHANGED": "yes"}}})
        answers = []

        def replaced():
            answers.append(ask(address, 8080, "/index.html"))
            return not before & set(self.pods("lazy"))

        self.cluster.wait_for("another pod", replaced)
        self.assertEqual(set(answers), {"hello from busybox\n"})
        self.gone(path, "lazy")

    def test_a_function_in_an_image_is_a_server(self):
        path = self.make("Function", "imaged", {"artifact": f"oci://{WEB}", "class": "container", "guest": "http",
                                                "limits": {"memory_mib": 32}})
        self.available(path)
        self.assertEqual(self.front_says("imaged", 80, "/index.html"), "hello from busybox\n")
        self.assertEqual(self.kubectl("exec", "deployment/imaged", "--", "sh", "-c", "echo $PORT"), "8080")
        self.gone(path, "imaged")

    def test_a_volume_outlives_pods_and_who_named_it(self):
        folder = self.cluster.machine.dir / "volume"
        folder.mkdir()
        disk, claim = "/api/v1/persistentvolumes/disk", "/api/v1/namespaces/default/persistentvolumeclaims/data.volume"
        made = self.cluster.apply(disk, {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {
                "capacity": {"storage": "16Mi"}, "accessModes": ["ReadWriteOncePod"], "local": {"path": str(folder)},
                "persistentVolumeReclaimPolicy": "Retain", "nodeAffinity": {"required": {"nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}]}]}}}})
        self.assertEqual(made["kind"], "PersistentVolume", made)
        self.addCleanup(self.cluster.delete, disk)

        def spec(retain, **more):
            return {"artifact": f"oci://{WEB}", "limits": {"memory_mib": 32}, "mounts": [{"volume": "d", "mount": "/data"}],
                    "volumes": [{"name": "d", "named": {"volume": "data", "size_mib": 8, "retain": retain}}], **more}

        def said():
            return self.kubectl("exec", "deployment/keeps", "--", "cat", "/data/said")

        path = self.make("Service", "keeps", spec(True))
        self.available(path)
        self.kubectl("exec", "deployment/keeps", "--", "sh", "-c", "echo kept >/data/said")
        self.assertEqual((folder / "said").stat().st_gid, 65532)  # whoever the image's user is, its group may
        before, together = set(self.pods("keeps")), []

        def another():
            pods = self.pods("keeps")
            running = [name for name, status in pods.items() if status.get("phase") == "Running"]
            together.extend([running] if len(running) > 1 else [])
            return pods and not before & set(pods)

        # The old one is asked to end, and goes on for the seconds in which it still answers.
        self.cluster.merge(path, {"spec": {"env": {"CHANGED": "yes"}}})
        self.cluster.wait_for("another pod", another)
        self.assertEqual(together, [], "two pods could write")
        self.available(path)
        self.assertEqual(said(), "kept")

        self.gone(path, "keeps")
        self.assertEqual(self.cluster.status(claim).get("phase"), "Bound")
        path = self.make("Service", "keeps", spec(False))
        self.available(path)
        self.assertEqual(said(), "kept")
        self.gone(path, "keeps")
        self.cluster.wait_for("the end of the claim", lambda: self.cluster.get(claim).get("code") == 404)

    def test_another_operator_takes_over(self):
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/strata-operator"
        self.cluster.wait_for("an operator", lambda: self.cluster.get(lease).get("spec", {}).get("holderIdentity"))
        acts = self.cluster.get(lease)["spec"]["holderIdentity"]
        pod, _, _ = acts.rpartition("-")  # behind it is the process's number
        self.kubectl("delete", "pod", pod, "-n", SYSTEM, "--grace-period=1")
        path = self.make("Function", "later", {"artifact": f"oci://{ARTIFACT}"})
        self.available(path)
        self.assertNotEqual(self.cluster.get(lease)["spec"]["holderIdentity"], acts)

    # --- what ends, and comes back

    def test_pods_outlive_what_runs_them(self):
        self.run_pod("outlives", "strata", container("web", "/web.wasm"), container("beside", "sleep", "1000"))
        address = self.ready("outlives")
        self.cluster.stop("kubelet")
        self.cluster.kill_server()
        self.cluster.machine.stop(signal.SIGKILL)
        self.assertEqual(ask(address, 8080), HELLO)
        self.cluster.machine.up()
        self.cluster.start_server()
        self.cluster.start_kubelet()
        self.cluster.wait_for("kubelet", lambda: self.cluster.kubectl(
            "exec", "outlives", "-c", "beside", "--", "echo", "here").stdout == "here\n")
        self.assertEqual([each["restartCount"] for each in self.status("outlives")["containerStatuses"]], [0, 0])

    def test_pods_come_back_when_all_processes_of_the_node_were_killed(self):
        cluster, machine = self.cluster, self.cluster.machine
        self.run_pod("back", "strata", container("web", "/web.wasm"), container("beside", "sleep", "1000"),
                     restartPolicy="Always")
        self.ready("back")
        cluster.stop("kubelet", signal.SIGKILL)
        machine.stop(signal.SIGKILL)
        for pid in set(machine.processes()) - {each.pid for each in cluster.daemons.values()}:
            with contextlib.suppress(ProcessLookupError):  # it has ended with another
                kill(pid)
        machine.up()
        cluster.start_kubelet()
        self.seen("both again", "back", lambda status: all(
            each["restartCount"] > 0 and each["ready"] for each in status["containerStatuses"]))
        self.assertEqual(ask(self.status("back")["podIP"], 8080), HELLO)


if __name__ == "__main__":
    unittest.main()
