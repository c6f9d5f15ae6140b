"""A listener that several namespaces share: front cells, which hand requests on."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import time
import unittest

from crash.load import SteadyClient
from e2e.guests import ECHO, INFINITE_LOOP, UNREACHABLE
from e2e.images import guest_image
from e2e.support import ServerTest, eventually, function, hello

TRACE = "0af7651916cd43dd8448eb211c80319c"
HELLO = b"hello, world\n"


class SharedListenerTest(ServerTest):
    options = ("--cells=2",)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-e2e."))
        self.addCleanup(shutil.rmtree, self.folder)

    def guest(self, text):
        path = self.folder / f"{len(list(self.folder.iterdir()))}.wat"
        path.write_text(text)
        return path

    def deploy(self, *manifests):
        for manifest in manifests:
            self.server.apply(manifest)
            kind, meta = manifest["kind"].lower(), manifest["metadata"]
            self.addCleanup(self.server.strata, "-n", meta["namespace"], "delete", kind, meta["name"])

    def listener(self):
        return self.server.json("status")["listener"]

    def cells(self, role):
        return [cell for cell in self.server.json("status")["cells"] if cell["role"] == role]

    def logged(self, path):
        """Lines of the access log about `path`, once there is one."""
        def lines():
            return [line for line in self.server.access_log() if line["path"] == path]
        return eventually(lines) and lines()


class FrontTest(SharedListenerTest):
    """Two namespaces with wasm, called alike."""

    @classmethod
    def prepare(cls):
        cls.server.apply(hello("hello", "/one", "one"), hello("hello", "/two", "two", limits={"request_kib": 1}))
        cls.hosts = len([cell for cell in cls.server.json("status")["cells"] if cell["role"] == "host"])

    # --- names and ways

    def test_both_namespaces_are_served_and_neither_sees_the_others_paths(self):
        for path in ("/one", "/two", "/one/below?x=1"):
            self.assertEqual(self.server.get(path).body, HELLO)
        missing = self.server.get("/three")
        self.assertEqual((missing.status, missing.problem), (404, "no-route"))
        refused = self.server.strata("apply", "-f", "-", stdin=str(hello("mine", "/one", "two")).replace("'", '"'))
        self.assertIn("already belongs to Function one/hello", refused.stderr)

    def test_status_and_describe_say_how_the_listener_works_and_why(self):
        self.assertEqual(self.listener(), {"address": self.server.address, "mode": "front",
                                           "why": "routes of 2 namespaces share it"})
        described = self.server.json("-n", "one", "describe", "function", "hello")
        self.assertEqual(described["status"]["listener"], self.listener())
        self.assertEqual([cell["namespace"] for cell in self.cells("front")], ["", ""])
        self.assertEqual({cell["namespace"] for cell in self.cells("host")}, {"one", "two"})

    def test_a_namespace_that_is_called_front_gets_no_listener(self):
        self.deploy(hello("hello", "/of-front", "front"))
        self.assertEqual([cell["namespace"] for cell in self.cells("front")], ["", ""])
        self.assertIn("front", {cell["namespace"] for cell in self.cells("host")})
        for path in 10 * ("/one", "/two", "/of-front"):
            self.assertEqual(self.server.get(path).body, HELLO)

    def test_a_front_runs_confined_and_with_one_thread(self):
        for cell in self.cells("front"):
            proc = pathlib.Path(f"/proc/{cell['pid']}")
            status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())
            self.assertEqual(status["Seccomp"], "2")
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertEqual(status["CapEff"].strip("0"), "")
            self.assertEqual(len(list((proc / "task").iterdir())), 1)
            if os.geteuid() == 0:
                self.assertNotEqual(os.readlink(proc / "ns/net"), os.readlink("/proc/self/ns/net"))

    # --- one request

    def test_a_body_goes_both_ways(self):
        self.deploy(function("echo", self.guest(ECHO), "/echo", "two"))
        body = os.urandom(700_000)
        self.assertEqual(self.server.request("POST", "/echo", body).body, body)
        chunks = [body[at:at + 50_000] for at in range(0, len(body), 50_000)]
        self.assertEqual(self.server.request("POST", "/echo", iter(chunks)).body, body)
        self.assertEqual(self.server.request("HEAD", "/one").body, b"")

    def test_a_limit_is_the_functions_own(self):
        long = self.server.request("POST", "/two", b"x" * 2000)
        self.assertEqual((long.status, long.problem), (413, "limit-request"))
        self.assertEqual(self.server.request("POST", "/one", b"x" * 2000).status, 200)

    def test_a_body_without_a_length_has_the_same_limit(self):
        answer = self.server.request("POST", "/two/long", iter([b"x" * 1000] * 3))
        self.assertEqual((answer.status, answer.problem), (413, "limit-request"))
        self.assertEqual([line["status"] for line in self.logged("/two/long")], [413])

    def test_a_client_of_http_1_0_need_not_name_a_host(self):
        self.assertTrue(self.server.exchange(b"GET /one HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200"))

    def test_a_request_is_written_down_once_under_its_own_name(self):
        self.server.request("GET", "/two/once", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
                                                         "Strata-Hop": "one hello 0 x y z 1 http evil"})
        self.server.get("/nowhere")  # of the front's own ring: everything before it has come by then
        self.assertTrue(self.logged("/nowhere"))
        line, = self.logged("/two/once")
        self.assertEqual((line["namespace"], line["function"], line["class"], line["status"], line["trace_id"]),
                         ("two", "hello", "wasm", 200, TRACE))
        self.assertIn(line["cell"], [cell["name"] for cell in self.cells("host")])

    def test_metrics_count_each_request_once(self):
        def counted():
            text = self.server.api("GET", "/metrics").text
            return sum(float(line.split()[-1]) for line in text.splitlines()
                       if line.startswith("strata_route_requests_total{") and 'namespace="one"' in line
                       and 'status="200"' in line)
        before = counted()
        for _ in range(10):
            self.server.get("/one")
        self.assertEqual(eventually(lambda: counted() - before >= 10), True)
        self.assertEqual(counted() - before, 10)

    def test_a_guest_that_fails_is_told_and_written_down_as_ever(self):
        self.deploy(function("trap", self.guest(UNREACHABLE), "/trap", "two"))
        answer = self.server.get("/trap")
        self.assertEqual((answer.status, answer.problem), (502, "guest-failed"))
        self.assertEqual([line["exit"] for line in self.logged("/trap")], ["violation"])

    def test_a_client_that_leaves_ends_its_call(self):
        self.deploy(function("loop", self.guest(INFINITE_LOOP), "/loop", "two",
                             limits={"cpu_time_ms": 20_000, "timeout_ms": 30_000}))
        host, port = self.server.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(client.getsockname()[0], host)
        line, = self.logged("/loop")
        self.assertEqual((line["status"], line["exit"]), (0, "stopped"))

    # --- what dies

    def assert_served_again(self):
        for path in ("/one", "/two"):
            self.assertEqual(self.server.get(path).body, HELLO)

    def test_a_host_that_dies_is_replaced_behind_the_front(self):
        for cell in self.cells("host"):
            os.kill(cell["pid"], signal.SIGKILL)
        self.assert_served_again()  # requests wait for the next cell

    def test_a_front_that_dies_is_replaced_with_its_socket(self):
        for cell in self.cells("front"):
            os.kill(cell["pid"], signal.SIGKILL)
        for _ in range(20):
            self.assert_served_again()

    def test_fronts_serve_without_a_manager_and_are_adopted(self):
        # Those that another test has killed are replaced after a while.
        self.assertTrue(eventually(lambda: len(self.cells("host")) == self.hosts))
        before = {cell["name"] for cell in self.cells("front") + self.cells("host")}
        self.server.kill_manager()
        self.assert_served_again()
        self.server.up(self.server.address)
        self.assertEqual({cell["name"] for cell in self.cells("front") + self.cells("host")}, before)
        self.assert_served_again()
        # What was adopted is kept: hosts that die then are linked again.
        for cell in self.cells("host"):
            os.kill(cell["pid"], signal.SIGKILL)
        self.assert_served_again()


class SwitchTest(SharedListenerTest):
    """From direct to front and back while clients go on calling."""

    def test_no_request_fails_when_the_listener_changes_hands(self):
        self.server.apply(hello("hello", "/one", "one"))
        self.assertEqual(self.listener()["mode"], "direct")
        sandbox = self.server.json("-n", "one", "sandbox", "create", "hello")["sandboxes"][0]["id"]
        clients = [SteadyClient(self.server, "/one", HELLO, 4).start(), FreshClient(self.server, "/one", HELLO).start()]
        try:
            for _ in range(3):
                self.server.apply(hello("hello", "/two", "two"))
                self.assertEqual(self.listener()["mode"], "front")
                self.assertEqual(self.server.get("/two").body, HELLO)
                # A function that is deleted changes it back.
                self.assert_exit(self.server.strata("-n", "two", "delete", "function", "hello"), 0)
                self.assertEqual(self.listener()["mode"], "direct")
                self.assertEqual(self.server.get("/two").status, 404)
        finally:
            for client in clients:
                client.stop()
        for client in clients:
            self.assertEqual(client.all_failures(), [])
            self.assertGreater(client.total(), 50)
        self.assertEqual(json.loads(self.server.api("GET", f"/v1/sandboxes/{sandbox}").body)["state"], "running")


    def test_a_call_of_a_namespace_that_goes_has_its_own_time(self):
        self.deploy(hello("stays", "/stays", "one"))
        self.server.apply(function("long", self.guest(ECHO), "/long", "two", limits={"timeout_ms": 60_000}))
        call = self.server.connect()
        self.addCleanup(call.close)
        call.putrequest("POST", "/long")
        call.putheader("Content-Length", "8")
        call.endheaders(b"slow")
        for _ in range(20):  # by then it is read
            self.assertEqual(self.server.get("/long").status, 200)
        hosts = [pathlib.Path(f"/proc/{cell['pid']}") for cell in self.cells("host") if cell["namespace"] == "two"]
        self.assert_exit(self.server.strata("-n", "two", "delete", "function", "long"), 0)
        self.assertEqual(self.listener()["mode"], "direct")
        time.sleep(12)  # more than a cell has that does not end in time
        call.send(b"body")
        answer = call.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"slowbody"))
        self.assertTrue(eventually(lambda: not any(host.exists() for host in hosts)))

    def test_a_kept_connection_outlives_the_change(self):
        self.server.apply(hello("kept", "/kept", "one"))
        connection = self.server.connect()
        self.addCleanup(connection.close)

        def ask(path):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, connection.sock and connection.sock.getsockname()

        kept = ask("/kept")
        self.assertEqual(kept[0], 200)
        for _ in range(2):
            self.server.apply(hello("new", "/new", "two"))
            self.assertEqual(self.listener()["mode"], "front")
            self.assertEqual([ask("/kept"), ask("/new")], [kept, kept])
            self.assert_exit(self.server.strata("-n", "two", "delete", "function", "new"), 0)
            self.assertEqual(self.listener()["mode"], "direct")
            self.assertEqual([ask("/kept"), ask("/new")], [kept, (404, kept[1])])


class FreshClient(SteadyClient):
    """A new connection for each call."""

    def run(self, index):
        while not self.stopping.is_set():
            try:
                answer = self.server.get(self.path)
                if answer.status != 200 or answer.body != self.expected:
                    self.failures[index].append(f"{answer.status} {answer.body[:200]!r}")
                self.answered[index] += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures[index].append(repr(error))


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ServicesBehindAFrontTest(SharedListenerTest):
    @classmethod
    def prepare(cls):
        cls.images = pathlib.Path(tempfile.mkdtemp(prefix="strata-front."))
        cls.addClassCleanup(shutil.rmtree, cls.images)
        cls.image = guest_image(cls.images / "image", "serve")
        cls.program = guest_image(cls.images / "program", "echo")

    def test_a_front_reaches_services_and_programs_itself(self):
        service = function("web", f"oci:{self.image.path}", "/web", "one")
        service["kind"] = "Service"
        self.deploy(hello("hello", "/one", "one"), service)
        self.assertEqual(self.listener(), {"address": self.server.address, "mode": "front",
                                           "why": "routes lead to class container"})
        body = os.urandom(300_000)
        self.assertEqual(self.server.request("POST", "/web/echo", body).body, body)
        self.assertEqual(self.server.get("/one").body, HELLO)
        line, = self.logged("/web/echo")
        self.assertEqual((line["namespace"], line["function"], line["class"]), ("one", "web", "container"))
        self.assertIn(line["cell"], [cell["name"] for cell in self.cells("front")])


if __name__ == "__main__":
    unittest.main()
