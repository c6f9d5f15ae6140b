"""Outgoing connections of image workloads: what is granted, by name, and nothing else."""

import http.server
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import unittest

from e2e.images import guest_image
from e2e.support import ServerTest, eventually, function, of_class

CLASSES = ("container", "appkernel", "microvm", "container-in-microvm")
# A name that leads to this machine, and is none of the sandbox's own.
NAME = socket.gethostname()


class Target(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_GET(self):
        self.seen.append(self.path)
        body = b"from the target"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def own_address():
    try:
        return socket.gethostbyname(NAME)
    except OSError:
        return None


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
@unittest.skipUnless(own_address(), f"this host does not resolve its own name, {NAME}")
@unittest.skipUnless(os.access("/usr/lib/cni/ptp", os.X_OK), "no CNI plugins (containernetworking-plugins)")
class EgressTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.target = http.server.ThreadingHTTPServer((own_address(), 0), Target)
        cls.port = cls.target.server_address[1]
        threading.Thread(target=cls.target.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.target.server_close)
        cls.addClassCleanup(cls.target.shutdown)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-egress."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.calls = guest_image(cls.folder / "calls", "fetch")
        cls.serves = guest_image(cls.folder / "serves", "serve")

    def setUp(self):
        Target.seen.clear()

    def deploy(self, kind, name, grants, **spec):
        image = self.serves if kind == "Service" else self.calls
        manifest = function(name, f"oci:{image.path}", f"/{name}", "default",
                            env={"FETCH": f"{NAME}:{self.port}"}, grants={"http": grants}, **spec)
        manifest["kind"] = kind
        self.server.apply(manifest)
        self.addCleanup(self.server.strata, "delete", kind.lower(), name)

    def granted(self):
        return [f"{NAME}:{self.port}"]

    def metric(self, name, **labels):
        lines = self.server.api("GET", "/metrics").text.splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith(name + "{") and all(each in line for each in wanted))

    def test_a_function_of_each_class_reaches_what_it_is_granted(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy("Function", f"call-{name}", self.granted(), **of_class(name))
                self.assertEqual(self.server.get(f"/call-{name}").text, "from the target")

    def test_a_service_of_each_class_reaches_what_it_is_granted(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy("Service", f"serve-{name}", self.granted(), **of_class(name))
                self.assertEqual(self.server.get(f"/serve-{name}/fetch").text, "from the target")

    def test_without_the_grant_nothing_arrives(self):
        self.deploy("Function", "other-port", [f"{NAME}:1"])
        self.assertEqual(self.server.get("/other-port").text, "connect: ECONNREFUSED")
        self.deploy("Function", "other-name", [f"example.com:{self.port}"])
        self.assertEqual(self.server.get("/other-name").text, "no such name")
        self.deploy("Service", "no-grant", [])
        self.assertEqual(self.server.get("/no-grant/fetch").text, "no name server")
        self.assertEqual(Target.seen, [])

    def test_a_taken_back_grant_is_gone_with_the_next_call(self):
        self.deploy("Function", "once", self.granted())
        self.assertEqual(self.server.get("/once").text, "from the target")
        self.deploy("Function", "once", [])
        self.assertEqual(self.server.get("/once").text, "no name server")

    def test_what_moved_and_what_was_denied_can_be_seen(self):
        self.deploy("Service", "seen", self.granted())
        before = self.metric("strata_manager_egress_bytes_total", direction="received")
        self.server.get("/seen/fetch")
        self.assertTrue(eventually(lambda: self.metric(
            "strata_manager_egress_bytes_total", direction="received") > before))
        self.assertGreater(self.metric("strata_manager_egress_connections_total",
                                       **{"class": "container", "namespace": "default"}), 0)
        self.deploy("Function", "denied", [f"example.com:{self.port}"])
        self.server.get("/denied")

        def log():
            return self.server.strata("logs", "denied").stdout

        self.assertTrue(eventually(lambda: f"denied: name {NAME}" in log()), log())
        self.assertTrue(eventually(lambda: self.metric("strata_manager_egress_denied_total") > 0))

    def test_a_grant_for_the_sandbox_itself_is_refused_at_deployment(self):
        with self.assertRaises(AssertionError) as refused:
            self.deploy("Function", "itself", ["localhost:80"])
        self.assertIn("grants.http: localhost", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
