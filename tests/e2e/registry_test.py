"""Images from a real registry on loopback: Debian's docker-registry, open and with a password."""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from e2e.images import guest_image
from e2e.support import DONE, PATIENCE, Server, eventually, function

# bcrypt of "secret".
HTPASSWD = "tester:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """A docker-registry with a folder of its own."""

    def __init__(self, where, htpasswd=None):
        self.address = f"127.0.0.1:{free_port()}"
        auth = f"auth: {{htpasswd: {{realm: test, path: {htpasswd}}}}}\n" if htpasswd else ""
        config = where / "registry.yml"
        config.write_text(f"version: 0.1\nlog: {{level: error}}\n{auth}"
                          f"storage: {{filesystem: {{rootdirectory: {where / 'data'}}}}}\n"
                          f"http: {{addr: '{self.address}'}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not eventually(self.listens):
            raise AssertionError("the registry does not come up")

    def listens(self):
        host, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def push(self, image, name, *options):
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", *options,
                        f"oci:{image.path}:latest", f"docker://{self.address}/{name}"],
                       check=True, capture_output=True, timeout=PATIENCE)

    def end(self):
        self.process.kill()
        self.process.wait()


@unittest.skipUnless(shutil.which("docker-registry") and shutil.which("skopeo"), "needs registry and skopeo")
class RegistryTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-registry."))
        self.addCleanup(shutil.rmtree, self.folder)

    def registry(self, **options):
        registry = Registry(self.folder, **options)
        self.addCleanup(registry.end)
        return registry

    def server(self, *options):
        server = Server(*options)

        def end():
            self.assertEqual(server.end(), [])

        self.addCleanup(end)
        return server.up()

    def image(self, name, *args):
        return guest_image(self.folder / name, *args)

    def deploy(self, server, reference):
        return server.apply(function("pulled", reference, "/pulled", "default"))

    def refusal(self, server, reference):
        with self.assertRaises(AssertionError) as refused:
            self.deploy(server, reference)
        return str(refused.exception).lower()

    def pulls(self, server):
        return list(pathlib.Path(tempfile.gettempdir()).glob(f"strata-pull-{server.group()}-*"))

    def test_a_tag_is_pulled_and_followed(self):
        registry, server = self.registry(), self.server()
        registry.push(self.image("one", "hello"), "app/web:1.0")
        reference = f"oci://{registry.address}/app/web:1.0"
        self.deploy(server, reference)
        self.assertEqual(server.get("/pulled").text, "hello")
        registry.push(self.image("two", "getenv", "ABSENT"), "app/web:1.0")
        self.deploy(server, reference)
        self.assertEqual(server.get("/pulled").text, "(unset)")
        self.assertEqual(self.pulls(server), [])

    def test_what_was_pulled_serves_without_the_registry(self):
        registry, server = self.registry(), self.server()
        registry.push(self.image("one", "hello"), "web:1")
        self.deploy(server, f"oci://{registry.address}/web:1")
        registry.end()
        self.assertEqual(server.strata("down").returncode, DONE)
        server.up()
        self.assertTrue(eventually(lambda: server.get("/pulled").text == "hello"))

    def test_a_digest_names_one_image(self):
        registry, server = self.registry(), self.server()
        one = self.image("one", "hello")
        registry.push(one, "web:1")
        digest = json.loads((one.path / "index.json").read_text())["manifests"][0]["digest"]
        registry.push(self.image("two", "exit-3"), "web:1")
        self.deploy(server, f"oci://{registry.address}/web@{digest}")
        self.assertEqual(server.get("/pulled").text, "hello")

    def test_what_cannot_be_pulled_is_refused_and_leaves_nothing(self):
        registry, server = self.registry(), self.server()
        absent = self.refusal(server, f"oci://{registry.address}/absent:1")
        self.assertRegex(absent, r"the registry has no such image or tag.*\(skopeo: .*manifest unknown")
        silent = self.refusal(server, f"oci://127.0.0.1:{free_port()}/web:1")
        self.assertRegex(silent, r"nothing listens at the registry's address.*\(skopeo: .*connection refused\)")
        self.assertNotIn("level=fatal", absent + silent)
        self.assertIn("no image in a registry", self.refusal(server, "oci://127.0.0.1"))
        self.assertEqual((server.resources(), self.pulls(server)), ([], []))

    def test_a_password_is_needed_and_not_shown(self):
        htpasswd = self.folder / "htpasswd"
        htpasswd.write_text(HTPASSWD)
        registry = self.registry(htpasswd=htpasswd)
        registry.push(self.image("one", "hello"), "web:1", "--dest-creds=tester:secret")
        reference = f"oci://{registry.address}/web:1"
        self.assertRegex(self.refusal(self.server(), reference), r"--registry-auth.*authentication required")
        auth = self.folder / "auth.json"
        secret = base64.b64encode(b"tester:secret").decode()
        auth.write_text(json.dumps({"auths": {registry.address: {"auth": secret}}}))
        auth.chmod(0o600)
        server = self.server(f"--registry-auth={auth}")
        self.deploy(server, reference)
        self.assertEqual(server.get("/pulled").text, "hello")
        self.assertNotIn(secret, server.log())
