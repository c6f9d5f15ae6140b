"""Class wasm through containerd: wasi:http components, served in the network that their container is in."""

import json
import signal
import socket
import subprocess
import unittest
import urllib.error
import urllib.request

from kube.ctr_test import RUNTIME, ShimTest
from kube.support import PATIENCE, ROOT, NodeTest, eventually, run

HELLO = "hello, world\n"
PORT = "strata.dev/http-port"
LIMITS = "strata.dev/limits"
NETWORK = "answers"  # a namespace as `ip netns` makes them


def component(name):
    """Bytes of a built example."""
    return (ROOT / "build" / "examples" / f"{name}.wasm").read_bytes()


def ask(host, port, path="/", body=None):
    request = urllib.request.Request(f"http://{host}:{port}{path}", body, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.read().decode()


class HttpTest(NodeTest):
    @classmethod
    def setUpClass(cls):
        cls.files = {"hello.wasm": component("hello-c"), "markdown.wasm": component("markdown")}
        super().setUpClass()


class HttpTaskTest(HttpTest, ShimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for words in (("netns", "add", NETWORK), ("-n", NETWORK, "link", "set", "lo", "up")):
            subprocess.run(["ip", *words], check=True)
        cls.addClassCleanup(subprocess.run, ["ip", "netns", "delete", NETWORK], check=True)

    def serve(self, name, *command, options=("--with-ns", f"network:/run/netns/{NETWORK}"), port=None):
        annotation = ("--annotation", f"{PORT}={port}") if port else ()
        return self.run_task(name, *command, options=(*options, *annotation))

    def refused(self, name, *command, options=(), port=None):
        with self.assertRaises(AssertionError) as refusal:
            self.serve(name, *command, options=options, port=port)
        self.node.must(self.node.ctr("containers", "delete", name))
        self.assertNotIn(name, self.node.tasks())
        return str(refusal.exception)

    def inside(self, *command):
        return run(["ip", "netns", "exec", NETWORK, *command])

    def ended(self, name):
        """The exit code of a task, which is removed."""
        self.assertTrue(eventually(lambda: self.node.tasks()[name][1] == "STOPPED"))
        done = self.node.ctr("tasks", "delete", name)
        self.node.must(self.node.ctr("containers", "delete", name))
        return done.stderr

    def test_it_answers_in_its_network_and_nowhere_else(self):
        pid = self.serve("inside", "/hello.wasm")
        for _ in range(3):
            done = self.inside("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/any/path")
            self.assertEqual((done.returncode, done.stdout), (0, HELLO), done.stderr)
        with self.assertRaises(urllib.error.URLError):
            ask("127.0.0.1", 8080)
        self.assertEqual(self.node.tasks()["inside"], (pid, "RUNNING"))
        usage = json.loads(self.node.must(self.node.ctr("tasks", "metrics", "--format", "json", "inside")))
        self.assertEqual(usage["pids"]["current"], 1)
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGKILL", "inside"))
        self.assertIn(f"exit code {128 + signal.SIGKILL}", self.ended("inside"))

    def test_with_the_hosts_network_it_answers_at_loopback(self):
        self.serve("host", "/markdown.wasm", options=("--net-host",), port=18080)
        for host in ("127.0.0.1", "[::1]"):
            self.assertIn("<em>so</em>", ask(host, 18080, body=b"it is *so*"))
        self.assertNotIn(":18080", " ".join(line for line in self.listening() if "127.0.0.1" not in line
                                            and "[::1]" not in line))
        self.remove("host")

    def listening(self):
        return run(["ss", "-ltnH"]).stdout.splitlines()

    def test_a_terminated_server_has_finished_and_ends_with_0(self):
        self.serve("term", "/hello.wasm", port=8081)
        done = self.inside("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8081/")
        self.assertEqual(done.stdout, HELLO, done.stderr)
        self.node.must(self.node.ctr("tasks", "kill", "-s", "SIGTERM", "term"))
        self.assertNotIn("exit code", self.ended("term"))

    def test_a_full_zygote_is_replaced(self):
        def bounded(number):
            limits = json.dumps({"concurrency": 1000 - number})
            return "--with-ns", f"network:/run/netns/{NETWORK}", "--annotation", f"{LIMITS}={limits}"

        # Each has an engine of its own, which takes 4 TiB of addresses or more; a process has 128.
        self.serve("full-0", "/hello.wasm", options=bounded(0), port=9000)
        for number in range(1, 33):
            self.serve(f"full-{number}", "/hello.wasm", options=bounded(number), port=9000 + number)
            self.remove(f"full-{number}")
        self.assertEqual(len(self.node.zygotes()), 2)
        self.remove("full-0")
        self.assertTrue(eventually(lambda: not self.node.zygotes()))

    def test_it_survives_containerd(self):
        self.serve("stays", "/hello.wasm", port=8082)
        self.node.stop(signal.SIGKILL)
        done = self.inside("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8082/")
        self.assertEqual(done.stdout, HELLO, done.stderr)
        self.node.up()
        self.assertEqual(self.node.tasks()["stays"][1], "RUNNING")
        self.remove("stays")

    def test_each_request_is_bounded_as_the_annotation_says(self):
        limits = {"timeout_ms": 10_000, "concurrency": 1, "request_kib": 1, "response_kib": 1}
        options = ("--net-host", "--annotation", f"{LIMITS}={json.dumps(limits)}")
        self.serve("bounded", "/markdown.wasm", options=options, port=18082)
        self.assertIn("<em>so</em>", ask("127.0.0.1", 18082, body=b"it is *so*"))
        for words, code in ((b"x" * 1025, 413), (b"# a\n" * 256, 502)):  # the request's, the answer's
            with self.assertRaises(urllib.error.HTTPError) as refusal:
                ask("127.0.0.1", 18082, body=words)
            self.assertEqual(refusal.exception.code, code)
            refusal.exception.close()
        with socket.create_connection(("127.0.0.1", 18082), PATIENCE) as slow:  # whose body does not come
            slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
            self.assertTrue(eventually(lambda: self.code_of(18082) == 429))
            self.assertIn(b" 504 ", slow.recv(64))
        self.assertTrue(eventually(lambda: self.code_of(18082) == 200))
        self.remove("bounded")

    @staticmethod
    def code_of(port):
        try:
            ask("127.0.0.1", port, body=b"a")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code
        return 200

    def test_what_cannot_be_served_is_refused(self):
        self.assertIn("leads nowhere", self.refused("no-network", "/hello.wasm"))
        self.assertIn("no arguments", self.refused("arguments", "/hello.wasm", "-v", options=("--net-host",)))
        bad = ("--net-host", "--annotation", f"{LIMITS}={{\"timeout\": 1}}")
        self.assertIn("timeout", self.refused("limits", "/hello.wasm", options=bad))
        self.assertIn("is no port", self.refused("port", "/hello.wasm", options=("--net-host",), port="http"))
        missing = ("--with-ns", "network:/run/netns/missing")
        self.assertIn("/run/netns/missing", self.refused("missing", "/hello.wasm", options=missing))
        self.serve("first", "/hello.wasm", options=("--net-host",), port=18081)
        self.assertIn("in use", self.refused("second", "/hello.wasm", options=("--net-host",), port=18081))
        self.remove("first")
        self.assertEqual(self.node.control_groups(), [])


class HttpPodTest(HttpTest):
    handlers = (("strata", RUNTIME, "shim"), ("strata-pause", RUNTIME, "podsandbox"))

    def start(self, name, handler, *command, **more):
        pod, config = self.node.pod(name, handler)
        self.addCleanup(self.node.crictl, "rmp", "-f", pod)
        container = self.node.container(pod, config, "main", *command, **more)
        status = json.loads(self.node.must(self.node.crictl("inspectp", pod)))["status"]
        return pod, config, container, status["network"]["ip"]

    def status(self, container):
        return json.loads(self.node.must(self.node.crictl("inspect", container)))["status"]

    def test_a_pod_answers_at_its_address(self):
        for handler in ("strata", "strata-pause"):
            with self.subTest(handler):
                _, _, container, address = self.start(f"web-{handler}", handler, "/hello.wasm")
                self.assertEqual(ask(address, 8080), HELLO)
                self.assertGreater(self.node.memory_of(container)["rssBytes"], 0)
                self.node.must(self.node.crictl("stop", "-t", str(PATIENCE), container))
                self.assertEqual(self.status(container)["exitCode"], 0)
                with self.assertRaises(urllib.error.URLError):
                    ask(address, 8080)

    def test_containers_of_its_pod_reach_it_and_a_port_can_be_chosen(self):
        pod, config, _, address = self.start("two", "strata", "/hello.wasm")
        self.node.container(pod, config, "second", "/markdown.wasm", annotations={PORT: "9000"})
        self.assertIn("<em>so</em>", ask(address, 9000, body=b"*so*"))
        sidecar = self.node.container(pod, config, "sidecar", "sleep", "1000")
        done = self.node.crictl("exec", "-s", sidecar, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/")
        self.assertEqual(done.stdout.strip(), HELLO.strip(), done.stderr)  # crictl adds empty lines
        with self.assertRaisesRegex(AssertionError, "in use"):
            self.node.container(pod, config, "third", "/hello.wasm")


if __name__ == "__main__":
    unittest.main()
