"""What an apply shows while it is under way, and what it keeps others from: nothing."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from e2e.images import Image, entry, guest_image, guest_layer, tar
from e2e.registry_test import Registry
from e2e.support import BIN, PATIENCE, Server, ServerTest, UnixConnection, documents, eventually, function, hello

BASE = guest_layer()


class Deaf:
    """A registry that takes connections and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.held = []
        self.came = threading.Event()
        self.taker = threading.Thread(target=self.take)
        self.taker.start()

    @property
    def reference(self):
        return f"oci://127.0.0.1:{self.listener.getsockname()[1]}/app:1"

    def take(self):
        try:
            while True:
                self.held.append(self.listener.accept()[0])
                self.came.set()
        except OSError:  # shut down
            pass

    def end(self):
        """Once more does nothing."""
        if self.taker.is_alive():
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() would not
        self.taker.join()
        self.listener.close()
        for connection in self.held:
            connection.close()


class Stream:
    """An apply whose steps are read as they come."""

    def __init__(self, server, *manifests):
        self.connection = UnixConnection(server.home / "run" / "api.sock")
        files = [{"name": "t.yaml", "dir": "/", "text": documents(*manifests)}]
        self.connection.request("POST", "/v1/apply?progress=true", body=json.dumps({"files": files}),
                                headers={"Content-Type": "application/json"})
        self.answer = self.connection.getresponse()

    def line(self):
        """The next that is not empty."""
        while True:
            line = self.answer.readline()
            if line.strip() or not line:
                return json.loads(line or "null")

    def rest(self):
        return [json.loads(line) for line in self.answer.read().splitlines() if line.strip()]

    def close(self):
        self.answer.close()
        self.connection.close()


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("skopeo"), "needs root and skopeo")
class ProgressTest(ServerTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-progress."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.deaf = Deaf()
        self.addCleanup(self.deaf.end)

    def stuck(self, name="stuck"):
        stream = Stream(self.server, function(name, self.deaf.reference, f"/{name}", "default"))
        self.addCleanup(stream.close)
        return stream

    def pulls(self):
        return list(pathlib.Path(tempfile.gettempdir()).glob(f"strata-pull-{self.server.group()}-*"))

    def gone(self):
        return eventually(lambda: not self.pulls())

    def test_a_pull_keeps_nobody_waiting(self):
        stream = self.stuck()
        self.assertEqual(stream.line()["step"]["what"], "pulling")
        self.server.apply(hello("meanwhile", "/meanwhile"))
        self.assertEqual(self.server.get("/meanwhile").status, 200)
        self.assertEqual(self.server.strata("-n", "demo", "delete", "function", "meanwhile").returncode, 0)
        stream.close()
        self.assertTrue(self.gone())

    def test_two_applies_of_one_image_share_a_pull(self):
        one, two = self.stuck("one"), self.stuck("two")
        for stream in (one, two):
            self.assertEqual(stream.line()["step"]["subject"], self.deaf.reference)
        self.assertEqual(len(self.pulls()), 1)
        one.close()  # the other still waits: its next step comes
        self.assertEqual(two.line()["step"]["what"], "pulling")
        self.assertEqual(len(self.pulls()), 1)
        two.close()
        self.assertTrue(self.gone())

    def test_a_client_that_goes_away_ends_its_pull(self):
        manifest = documents(function("left", self.deaf.reference, "/left", "default"))
        client = subprocess.Popen([BIN / "strata", "--home", self.server.home, "apply", "-f", "-"],
                                  stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        client.stdin.write(manifest)
        client.stdin.close()
        self.assertIn(f"Function default/left: pulling {self.deaf.reference}", client.stderr.readline())
        self.assertTrue(self.deaf.came.wait(PATIENCE))
        self.assertEqual(len(self.pulls()), 1)
        client.kill()
        client.wait()
        client.stderr.close()
        self.assertTrue(self.gone())
        self.assertNotIn("Function/default/left", self.server.resources())

    def test_a_server_that_is_stopped_leaves_no_pull(self):
        server = Server().up()
        self.addCleanup(shutil.rmtree, server.home)  # end() leaves it where `down` finds no server
        self.addCleanup(server.down)
        stream = Stream(server, function("cut", self.deaf.reference, "/cut", "default"))
        self.addCleanup(stream.close)
        self.assertEqual(stream.line()["step"]["what"], "pulling")
        here = f"strata-pull-{server.group()}-*"
        self.assertEqual(len(list(pathlib.Path(tempfile.gettempdir()).glob(here))), 1)
        self.assertEqual(server.strata("down").returncode, 0)
        self.assertEqual(list(pathlib.Path(tempfile.gettempdir()).glob(here)), [])

    def test_layers_are_counted(self):
        layers = [BASE, *(tar(entry(f"file-{n}", os.urandom(3_000_000))) for n in range(2))]
        image = Image(self.folder / "layout", layers, args=("/bin/guest", "hello"))
        stream = Stream(self.server, function("counted", f"oci:{image.path}", "/counted", "default"))
        lines = stream.rest()
        stream.close()
        self.assertEqual(lines[-1]["answer"]["changes"][0]["name"], "counted")
        unpacking = [line["step"] for line in lines[:-1] if line["step"]["what"] == "unpacking"]
        for step in unpacking:
            self.assertEqual(step["items"], 3)
            self.assertLessEqual(step["bytes"], step["total"])
        self.assertEqual([step["item"] for step in unpacking], sorted(step["item"] for step in unpacking))

    def test_an_error_is_the_last_line(self):
        stream = Stream(self.server, function("absent", "/absent.wasm", "/absent", "default"))
        self.assertEqual(stream.rest()[-1]["error"]["code"], "NOT_FOUND")
        stream.close()

    def test_json_shows_steps_on_standard_error_and_the_answer_alone(self):
        deaf = documents(function("shown", self.deaf.reference, "/shown", "default"))
        client = subprocess.Popen([BIN / "strata", "--home", self.server.home, "-o", "json", "apply", "-f", "-"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        client.stdin.write(deaf)
        client.stdin.close()
        step = json.loads(client.stderr.readline())["step"]
        self.assertEqual((step["what"], step["resource"]), ("pulling", "Function default/shown"))
        self.deaf.end()
        self.assertNotEqual(client.wait(PATIENCE), 0)
        self.assertEqual(client.stdout.read(), "")
        client.stdout.close()
        client.stderr.close()

    @unittest.skipUnless(shutil.which("docker-registry"), "needs a registry")
    def test_what_was_shared_serves_both(self):
        registry = Registry(self.folder)
        self.addCleanup(registry.end)
        registry.push(guest_image(self.folder / "layout", "hello"), "web:1")
        reference = f"oci://{registry.address}/web:1"
        streams = [Stream(self.server, function(name, reference, f"/{name}", "default"))
                   for name in ("both-1", "both-2")]
        for name, stream in zip(("both-1", "both-2"), streams):
            self.assertEqual(stream.rest()[-1]["answer"]["changes"][0]["name"], name)
            stream.close()
            self.assertEqual(self.server.get(f"/{name}").text, "hello")
