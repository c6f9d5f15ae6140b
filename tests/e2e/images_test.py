"""Container images: deployed, called, shared, replaced, removed; and the ones that are refused."""

import gzip
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from e2e.images import Image, digest, entry, folder, link, tar
from e2e.support import ARTIFACTS, BIN, DONE, PATIENCE, ServerTest, eventually, function, of_class

GUEST = BIN / "strata_oci_guest"
CLASSES = ("container", "appkernel", "microvm", "container-in-microvm")
BASE = tar(folder("bin"), entry("bin/guest", GUEST.read_bytes()), folder("etc"),
           entry("etc/passwd", b"root:x:0:0::/:/bin/sh\napp:x:1234:4321::/:/bin/sh\n", 0o644),
           folder("data"), entry("data/old", b"old", 0o644), entry("data/kept", b"kept", 0o644))


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class ImagesTest(ServerTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-image."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.number = 0

    def image(self, *layers, **options):
        self.number += 1
        return Image(self.folder / f"image-{self.number}", layers, **options)

    def deploy(self, name, image, **spec):
        manifest = function(name, f"oci:{image.path}", f"/{name}", "default")
        manifest["spec"].update(spec)
        return self.server.apply(manifest)

    def refusal(self, image, **spec):
        """Deploys what must be refused: the words, after checking that nothing is left."""
        before = self.tree()
        with self.assertRaises(AssertionError) as refused:
            self.deploy("refused", image, **spec)
        self.assertEqual(self.tree(), before)
        self.assertNotIn("Function/default/refused", self.server.resources())
        return str(refused.exception)

    def tree(self):
        store = self.server.home / "images"
        return sorted(str(path) for path in store.glob("*/*"))

    # --- what runs

    def test_a_call_runs_the_image(self):
        self.deploy("hello", self.image(BASE, args=("/bin/guest", "hello")))
        answer = self.server.get("/hello")
        self.assertEqual((answer.status, answer.text), (200, "hello"))
        self.assertEqual(self.server.json("describe", "function", "hello")["status"]["class"],
                         "container")

    def test_the_same_image_runs_in_every_class_that_asks_for_it(self):
        for name in CLASSES:
            with self.subTest(name):
                self.deploy(f"in-{name}", self.image(BASE, args=("/bin/guest", "hello")),
                            **of_class(name))
                self.assertEqual(self.server.get(f"/in-{name}").text, "hello")
                self.assertTrue(eventually(lambda: not self.dead_children()), "nobody waits for these")

    def test_a_container_within_a_machine_is_both(self):
        image = self.image(BASE, args=("/bin/guest", "confinement"))
        self.deploy("both", image, **of_class("container-in-microvm"))
        shown = self.server.json("describe", "function", "both")
        self.assertEqual((shown["spec"]["class"], shown["spec"]["within"]), ("container", "microvm"))
        self.assertEqual(shown["status"]["class"], "container-in-microvm")
        facts = self.server.get("/both").text.splitlines()
        for fact in ("CapEff=0", "CapBnd=0", "NoNewPrivs=1", "Seccomp=2", "pid=1", "masked=0", "open=3"):
            self.assertIn(fact, facts)

    def test_every_class_is_measured_and_logged_under_the_same_names(self):
        wasm = function("seen-wasm", ARTIFACTS / "hello-module.wasm", "/seen-wasm", "default")
        self.server.apply(wasm)
        for name in CLASSES:
            self.deploy(f"seen-{name}", self.image(BASE, args=("/bin/guest", "log")), **of_class(name))
        classes = ("wasm", *CLASSES)
        for name in classes:
            answer = self.server.get(f"/seen-{name}")
            self.assertEqual(answer.status, 200, f"{name}: {answer.text}")
        self.assertTrue(eventually(lambda: sum(line.get("function", "").startswith("seen-")
                                               for line in self.server.access_log()) == len(classes)))
        logged = [line for line in self.server.access_log() if line["function"].startswith("seen-")]
        self.assertEqual({line["function"]: line["class"] for line in logged},
                         {f"seen-{name}": name for name in classes})
        self.assertEqual(len({tuple(line) for line in logged}), 1, "other fields")
        metrics = {name: set() for name in classes}
        for line in self.server.api("GET", "/metrics").text.splitlines():
            for name in classes:
                if f'class="{name}"' in line and f'function="seen-{name}"' in line:
                    metrics[name].add(line.split("{")[0])
        self.assertIn("strata_route_requests_total", metrics["wasm"])
        for name in CLASSES:
            own = {metric for metric in metrics[name] if metric.startswith("strata_keeper_pool_")}
            self.assertEqual(metrics[name] - own, metrics["wasm"], name)

    def dead_children(self):
        """Zombies whose parent is a process of this server."""
        ours = self.server.processes()
        dead = []
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent = status.read_text().rsplit(") ", 1)[1].split()[:2]
            except OSError:
                continue
            if state == "Z" and int(parent) in ours:
                dead.append(status.read_text())
        return dead

    def test_the_body_is_its_input(self):
        self.deploy("echo", self.image(BASE, args=("/bin/guest", "echo")))
        body = os.urandom(300_000)
        self.assertEqual(self.server.request("POST", "/echo", body).body, body)

    def test_the_images_environment_and_the_manifests(self):
        image = self.image(BASE, args=("/bin/guest", "getenv", "WHO"), Env=["WHO=image"])
        self.deploy("env", image)
        self.assertEqual(self.server.get("/env").text, "image")

    def test_layers_lie_over_each_other(self):
        upper = tar(entry("data/.wh.old"), entry("data/new", b"new", 0o644))
        image = self.image(BASE, upper, args=("/bin/guest", "read", "/data/old"))
        self.deploy("layers", image)
        # The guest's exit code is errno: 2 for what the upper layer has removed.
        self.assertEqual(self.server.get("/layers").status, 500)
        kept = self.image(BASE, upper, args=("/bin/guest", "read", "/data/kept"))
        self.deploy("layers", kept)
        self.assertEqual(self.server.get("/layers").status, 200)

    def test_an_opaque_directory_hides_what_is_below(self):
        upper = tar(folder("data"), entry("data/.wh..wh..opq"), entry("data/new", b"", 0o644))
        self.deploy("opaque", self.image(BASE, upper, args=("/bin/guest", "read", "/data/kept")))
        self.assertEqual(self.server.get("/opaque").status, 500)

    def test_layers_are_unpacked_once(self):
        for name in ("one", "two"):
            self.deploy(name, self.image(BASE, args=("/bin/guest", "hello"), Env=[f"N={name}"]))
        layers = [path for path in self.tree() if "/layers/" in path]
        self.assertEqual(len(layers), len(set(layers)))
        self.assertEqual(self.server.get("/two").text, "hello")

    def test_what_nobody_uses_is_removed(self):
        only = tar(*[folder("bin"), entry("bin/guest", GUEST.read_bytes()), entry("only", b"here")])
        before = self.tree()
        self.deploy("gone", self.image(only, args=("/bin/guest", "hello")))
        self.assertEqual(len(self.tree()), len(before) + 2)
        self.assertEqual(self.server.strata("delete", "function", "gone").returncode, DONE)
        self.assertEqual(self.tree(), before)

    def test_the_store_has_what_umoci_unpacks(self):
        if shutil.which("umoci") is None:
            self.skipTest("umoci is not installed")
        odd = tar(folder("a"), entry("a/f\xfc", b"1", 0o4711, uid=7, gid=8), link("a/l", "../../etc"),
                  entry("a/g", b"22", 0o600), link("a/h", "a/g", hard=True), folder("b", 0o1777),
                  entry("./c/d/e", b"333", 0o644), entry("big", b"x" * 3_000_000, 0o644))
        image = self.image(odd, args=("/a/g",))
        self.deploy("oracle", image)
        bundle = self.folder / "bundle"
        subprocess.run(["umoci", "unpack", "--image", f"{image.path}:latest", str(bundle)],
                       check=True, capture_output=True, timeout=PATIENCE)
        ours = self.server.home / "images" / "layers" / image.diff_ids[0][7:]
        self.assertEqual(facts(ours), facts(bundle / "rootfs"))

    def test_it_serves_again_after_its_keeper_was_killed(self):
        self.deploy("again", self.image(BASE, args=("/bin/guest", "hello")))
        keepers = [pid for pid, words in self.server.processes().items()
                   if words[0].endswith("/strata-keeper")]
        for pid in keepers:
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.server.get("/again").status == 200))
        self.assertFalse(set(keepers) & set(self.server.processes()))

    def test_it_serves_while_and_after_the_manager_was_killed(self):
        self.deploy("still", self.image(BASE, args=("/bin/guest", "hello")))
        keepers = {pid for pid, words in self.server.processes().items()
                   if words[0].endswith("/strata-keeper")}
        self.server.kill_manager()
        self.assertEqual(self.server.get("/still").text, "hello")
        self.server.up()
        self.assertEqual(self.server.get("/still").text, "hello")
        self.assertTrue(keepers <= set(self.server.processes()), "the keeper was adopted")
        owners = {keeper["namespace"] for keeper in self.server.json("status")["keepers"]}
        self.assertEqual(owners, {self.server.json("describe", "function", "still")["metadata"]["namespace"]})

    # --- what is refused

    def test_a_blob_with_another_content(self):
        image = self.image(tar(entry("bin/one", b"1")))
        image.blob(0).write_bytes(gzip.compress(tar(entry("bin/two", b"2"))))
        self.assertIn("the blob is not what its descriptor says", self.refusal(image))

    def test_a_truncated_blob(self):
        image = self.image(tar(entry("bin/one", os.urandom(100_000))))
        cut = image.blob(0).read_bytes()[:50_000]
        image.layers[0] = image.put(cut, image.layers[0]["mediaType"])
        self.assertIn("damaged", self.refusal(image.finish()))

    def test_a_tar_that_is_not_the_diff_id(self):
        image = self.image(tar(entry("bin/one", b"1")))
        image.config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]
        self.assertIn("as the config says", self.refusal(image.finish()))

    def test_names_that_lead_out(self):
        for name in ("../escape", "a/../../escape", "/../escape"):
            with self.subTest(name):
                self.assertIn("leads out of it", self.refusal(self.image(tar(entry(name, b"x")))))

    def test_names_that_go_through_a_link(self):
        outside = self.folder / "outside"
        outside.mkdir()
        layer = tar(link("out", str(outside)), entry("out/escape", b"x"))
        self.assertIn("goes through a link", self.refusal(self.image(layer)))
        self.assertEqual(list(outside.iterdir()), [])

    def test_hard_links_to_the_outside(self):
        layer = tar(link("passwd", "../../../../../../etc/passwd", hard=True))
        self.assertIn("leads out of it", self.refusal(self.image(layer)))
        layer = tar(link("passwd", "/etc/passwd", hard=True))
        self.assertIn("not in the layer", self.refusal(self.image(layer)))

    def test_whiteouts_that_lead_out(self):
        self.assertIn("removes '..'", self.refusal(self.image(tar(entry(".wh...", b"")))))

    def test_a_bomb(self):
        # 512 MiB of zeros, which take half a MiB.
        image = self.image(tar(entry("bin/one", b"1")))
        bomb = gzip.compress(b"\0" * (64 << 20), mtime=0) * 8
        image.layers[0] = image.put(bomb, image.layers[0]["mediaType"])
        self.assertIn("larger than", self.refusal(image.finish()))

    def test_a_bomb_in_a_bomb(self):
        # Only the outer one is opened; the inner is no tar.
        image = self.image(tar(entry("bin/one", b"1")))
        inner = gzip.compress(b"\0" * (64 << 20), mtime=0) * 100
        image.config["rootfs"]["diff_ids"] = [digest(inner)]
        image.layers[0] = image.put(gzip.compress(inner, mtime=0), image.layers[0]["mediaType"])
        self.assertIn("damaged", self.refusal(image.finish()))

    def test_an_image_for_another_machine(self):
        image = self.image(BASE)
        image.config["architecture"] = "arm64"
        self.assertIn("linux/arm64", self.refusal(image.finish()))

    def test_a_user_that_the_image_does_not_have(self):
        self.assertIn("'nobody'", self.refusal(self.image(BASE, User="nobody")))

    def test_a_class_that_does_not_fit_the_artifact(self):
        image = self.image(BASE)
        refused = self.refusal(image, **{"class": "wasm"})
        self.assertIn("spec.class is 'wasm' but the artifact is a container image", refused)

    def test_a_pair_of_classes_that_there_is_not(self):
        image = self.image(BASE)
        for name in ("appkernel", "microvm"):
            refused = self.refusal(image, **{"class": name, "within": "microvm"})
            self.assertIn("there is 'class: container' with 'within: microvm'", refused)
        refused = self.refusal(image, within="appkernel")
        self.assertIn("nothing runs within 'appkernel'", refused)
        with self.assertRaises(AssertionError) as refused:
            self.server.apply(function("refused", ARTIFACTS / "hello-module.wasm", within="microvm"))
        self.assertIn("class wasm runs within no other", str(refused.exception))

    def test_limits_that_the_class_cannot_enforce(self):
        refused = self.refusal(self.image(BASE), limits={"memory_mib": 1})
        self.assertIn("limits.memory", refused)


def facts(root):
    """Everything about the files below `root` that a layer can say, but directories' times."""
    found = {}
    for path in sorted(pathlib.Path(os.fsencode(root).decode("utf-8", "surrogateescape")).rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found[str(path.relative_to(root))] = (oct(status.st_mode), status.st_uid, status.st_gid,
                                              status.st_nlink if path.is_file() else 0, content)
    return found

