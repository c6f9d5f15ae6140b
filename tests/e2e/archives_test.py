"""Images in one file: what `skopeo copy`, `umoci` with tar, and `docker save` write; and hostile ones."""

import gzip
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from e2e.images import Image, entry, guest_layer, link, tar
from e2e.registry_test import Registry
from e2e.support import ARTIFACTS, PATIENCE, ServerTest, function

BASE = guest_layer()
WASM_CONFIG = "application/vnd.wasm.config.v0+json"


def skopeo(*words):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", *words], check=True, capture_output=True,
                   timeout=PATIENCE)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("skopeo"), "needs root and skopeo")
class ArchivesTest(ServerTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-archive."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.archive = self.folder / "image.tar"

    def image(self, name="layout", args=("hello",), layers=(BASE,)):
        return Image(self.folder / name, layers, args=("/bin/guest", *args))

    def pack(self, image, *more):
        """The layout as a tar, as `tar -C layout -cf image.tar .` makes it, and further entries."""
        with tarfile.open(self.archive, "w") as archive:
            archive.add(image.path, arcname=".")
            for info, content in more:
                archive.addfile(info, io.BytesIO(content))
        return self.archive

    def deploy(self, reference, name="archived"):
        return self.server.apply(function(name, reference, f"/{name}", "default"))

    def refusal(self, reference):
        """Deploys what must be refused: the words, after checking that nothing is left."""
        before = self.files()
        with self.assertRaises(AssertionError) as refused:
            self.deploy(reference, "refused")
        # The folder of an earlier pull may go only now.
        self.assertEqual(set(self.files()) - set(before), set())
        self.assertNotIn("Function/default/refused", self.server.resources())
        return str(refused.exception)

    def files(self):
        pulls = pathlib.Path(tempfile.gettempdir()).glob("strata-pull-*")
        return sorted(map(str, [*pulls, *(self.server.home / "images").glob("*/*")]))

    def wasm(self):
        """A wasm component as CNCF's artifact: one layer, and a config that says so."""
        image = self.image("wasm")
        module = (ARTIFACTS / "hello-module.wasm").read_bytes()
        layer = image.put(module, "application/wasm")
        config = image.put(json.dumps({"architecture": "wasm", "os": "wasip1",
                                       "layerDigests": [layer["digest"]]}).encode(), WASM_CONFIG)
        manifest = image.put(json.dumps(
            {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
             "config": config, "layers": [layer]}).encode(), "application/vnd.oci.image.manifest.v1+json")
        manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        (image.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
        return image

    # --- what runs

    def test_a_packed_layout(self):
        self.deploy(f"oci-archive:{self.pack(self.image())}")
        self.assertEqual(self.server.get("/archived").text, "hello")

    def test_a_tag_in_an_archive_that_skopeo_wrote(self):
        skopeo(f"oci:{self.image().path}:latest", f"oci-archive:{self.archive}:v2")
        self.deploy(f"oci-archive:{self.archive}:v2")
        self.assertEqual(self.server.get("/archived").text, "hello")
        self.assertIn("v3", self.refusal(f"oci-archive:{self.archive}:v3"))

    def test_what_docker_saves(self):
        skopeo(f"oci:{self.image().path}:latest", f"docker-archive:{self.archive}:localhost/app:1.0")
        for reference in (f"docker-archive:{self.archive}", f"docker-archive:{self.archive}:localhost/app:1.0"):
            with self.subTest(reference):
                self.deploy(reference)
                self.assertEqual(self.server.get("/archived").text, "hello")

    def test_an_archive_that_only_root_may_read(self):
        self.pack(self.image()).chmod(0o600)
        self.folder.chmod(0o700)
        self.deploy(f"oci-archive:{self.archive}")
        self.assertEqual(self.server.get("/archived").text, "hello")

    def test_wasm_from_an_archive(self):
        self.deploy(f"oci-archive:{self.pack(self.wasm())}", "wasm")
        self.assertEqual(self.server.get("/wasm").status, 200)
        self.assertEqual(self.server.json("describe", "function", "wasm")["status"]["class"], "wasm")

    @unittest.skipUnless(shutil.which("docker-registry"), "needs a registry")
    def test_wasm_from_a_registry(self):
        registry = Registry(self.folder)
        self.addCleanup(registry.end)
        registry.push(self.wasm(), "wasm:1")
        self.deploy(f"oci://{registry.address}/wasm:1", "wasm")
        self.assertEqual(self.server.get("/wasm").status, 200)
        self.assertEqual(self.server.json("describe", "function", "wasm")["status"]["class"], "wasm")

    # --- what is refused

    def test_what_is_no_archive(self):
        self.assertIn("No such file", self.refusal(f"oci-archive:{self.folder}/absent.tar"))
        self.assertIn("no regular file", self.refusal(f"oci-archive:{self.folder}"))
        self.assertIn("no regular file", self.refusal("oci-archive:/dev/zero"))
        self.archive.write_bytes(b"no tar at all" * 100)
        self.assertIn("pull oci-archive:", self.refusal(f"oci-archive:{self.archive}"))
        with open(self.archive, "wb") as sparse:
            sparse.truncate(1 << 40)
        self.assertIn("an archive may have", self.refusal(f"docker-archive:{self.archive}"))

    def test_a_truncated_archive(self):
        self.pack(self.image())
        with open(self.archive, "r+b") as archive:
            archive.truncate(self.archive.stat().st_size // 2)
        self.assertIn("pull oci-archive:", self.refusal(f"oci-archive:{self.archive}"))

    def test_names_and_links_that_lead_out(self):
        outside = self.folder / "outside"
        outside.mkdir()
        outside.chmod(0o777)
        cases = ([entry("../../escape", b"x")], [link("out", str(outside)), entry("out/escape", b"x")],
                 [link("up", "../../../../../../etc"), entry("up/escape", b"x")])
        for number, more in enumerate(cases):
            with self.subTest(number):
                self.refusal(f"oci-archive:{self.pack(self.image(f'layout-{number}'), *more)}")
        self.assertEqual(list(outside.iterdir()), [])
        self.assertFalse(os.path.exists("/etc/escape"))

    def test_a_blob_that_is_a_link_to_a_file_of_the_host(self):
        image = self.image()
        image.blob(0).unlink()
        image.blob(0).symlink_to("/etc/shadow")
        self.refusal(f"oci-archive:{self.pack(image)}")

    def test_a_blob_with_another_content(self):
        image = self.image()
        image.blob(0).write_bytes(gzip.compress(BASE + b"\0" * 512))
        self.assertIn("pull oci-archive:", self.refusal(f"oci-archive:{self.pack(image)}"))

    def test_a_layer_that_leads_out(self):
        image = self.image(layers=(BASE, tar(entry("../escape", b"x"))))
        self.assertIn("leads out of it", self.refusal(f"oci-archive:{self.pack(image)}"))

    def test_a_bomb(self):
        # 4 GiB of zeros as a further file, in an archive of 4 MiB.
        zeros = gzip.compress(b"\0" * (64 << 20), mtime=0)
        inner = tarfile.TarInfo("blobs/sha256/bomb")
        inner.size = 64 * (64 << 20)
        self.pack(self.image())
        honest = self.archive.read_bytes().rstrip(b"\0")
        honest += b"\0" * (-len(honest) % 512)
        self.archive.write_bytes(gzip.compress(honest + inner.tobuf()) + zeros * 64)
        self.assertIn("come out of it", self.refusal(f"oci-archive:{self.archive}"))

    def test_a_flood_of_files(self):
        files = [entry(f"{number}", b"") for number in range(20_000)]
        self.pack(self.image(), *files)
        self.assertIn("come out of it", self.refusal(f"oci-archive:{self.archive}"))

    def test_several_images_and_none_chosen(self):
        one, two = self.image("one"), self.image("two", args=("getenv", "ABSENT"))
        for image, tag in ((one, "1"), (two, "2")):
            skopeo(f"oci:{image.path}:latest", f"oci:{self.folder / 'both'}:{tag}")
        with tarfile.open(self.archive, "w") as archive:
            archive.add(self.folder / "both", arcname=".")
        self.assertIn("more than one image", self.refusal(f"oci-archive:{self.archive}"))
        self.deploy(f"oci-archive:{self.archive}:2")
        self.assertEqual(self.server.get("/archived").text, "(unset)")

    def test_a_name_that_is_none(self):
        self.assertIn("names no image in an archive", self.refusal(f"oci-archive:{self.archive}:"))
        self.assertIn("names no image in an archive", self.refusal(f"oci-archive:{self.archive}:a b"))
