"""Volumes: named ones that outlive what uses them, directories of the host, and tmpfs."""

import json
import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from e2e.images import guest_image
from e2e.support import (DONE, NOT_FOUND, TRY_LATER, UNSUPPORTED, USAGE, WRONG_STATE, ServerTest,
                         documents, eventually, function)

CLASSES = ("container", "appkernel")
ENOENT, EROFS, ENOSPC = 2, 30, 28


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class VolumesTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-volumes."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = guest_image(cls.folder / "image", "serve")

    def service(self, name, volumes=(), mounts=(), namespace="default", **spec):
        manifest = function(name, f"oci:{self.image.path}", f"/{name}", namespace, volumes=list(volumes),
                            mounts=list(mounts), **spec)
        manifest["kind"] = "Service"
        return manifest

    def named(self, name, volume, size_mib=16, retain=False, **spec):
        return self.service(name, [{"name": "data", "named": {"volume": volume, "size_mib": size_mib,
                                                              "retain": retain}}],
                            [{"volume": "data", "mount": "/data"}], **spec)

    def deploy(self, manifest):
        self.server.apply(manifest)
        name = manifest["metadata"]["name"]
        self.addCleanup(self.server.strata, "-n", manifest["metadata"]["namespace"], "delete", "service", name)

    def delete(self, name):
        done = self.server.strata("delete", "service", name)
        self.assertEqual(done.returncode, DONE, done.stderr)

    def run_in(self, name, *words):
        return self.server.strata("exec", name, "--", "/bin/guest", *words).returncode

    def refusal(self, manifest, code):
        done = self.server.strata("apply", "-f", "-", stdin=documents(manifest))
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def volumes(self, namespace="default"):
        return {item["name"]: item for item in self.server.json("-n", namespace, "volume", "list")["items"]}

    def files(self):
        return sorted(path.name for path in (self.server.home / "volumes").rglob("*") if path.is_file())

    def attached(self):
        """Files under the server's home that are loop devices now."""
        found = []
        for backing in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
            try:
                text = backing.read_text()
            except OSError:  # just cleared
                continue
            if text.startswith(str(self.server.home)):
                found.append(text)
        return found

    # --- named

    def test_a_volume_outlives_its_sandboxes_and_revisions(self):
        for kind in CLASSES:
            with self.subTest(kind):
                name = f"keeps-{kind}"
                self.deploy(self.named(name, f"of-{kind}", **{"class": kind}))
                self.assertEqual(self.run_in(name, "write", "/data/new"), 0)
                self.server.get(f"/{name}/exit")
                self.assertEqual(self.server.get(f"/{name}").text, "hello")
                self.assertEqual(self.run_in(name, "read", "/data/new"), 0)
                self.server.apply(self.named(name, f"of-{kind}", env={"GREETING": "two"}, **{"class": kind}))
                self.assertEqual(self.run_in(name, "read", "/data/new"), 0)
                self.assertEqual(self.run_in(name, "read", "/data/lost+found"), ENOENT)

    def test_its_size_is_a_limit(self):
        for kind in CLASSES:
            with self.subTest(kind):
                name = f"full-{kind}"
                self.deploy(self.named(name, name, size_mib=8, **{"class": kind}))
                self.assertEqual(self.run_in(name, "fill", "/data/big"), ENOSPC)
                self.assertEqual(self.server.get(f"/{name}").text, "hello")
                image = self.server.home / "volumes" / "default" / f"{name}.img"
                self.assertEqual(image.stat().st_size, 8 << 20)

    def test_it_is_kept_only_when_asked(self):
        self.deploy(self.named("brief", "brief"))
        self.deploy(self.named("long", "long", retain=True))
        self.assertEqual(self.run_in("long", "write", "/data/new"), 0)
        self.assertEqual(self.volumes()["brief"]["users"], ["Service default/brief"])
        self.delete("brief")
        self.delete("long")
        self.assertNotIn("brief", self.volumes())
        self.assertEqual(self.volumes()["long"]["users"], [])
        self.assertEqual([file for file in self.files() if file in ("brief.img", "long.img")], ["long.img"])
        self.deploy(self.named("again", "long", retain=True))
        self.assertEqual(self.run_in("again", "read", "/data/new"), 0)
        self.delete("again")
        self.assertEqual(self.server.json("volume", "delete", "long"),
                         {"action": "deleted", "kind": "volume", "namespace": "default", "name": "long"})
        self.assertNotIn("long.img", self.files())

    def test_the_verbs(self):
        self.deploy(self.named("verbs", "verbs"))
        self.assert_exit(self.server.strata("volume", "delete", "verbs"), WRONG_STATE, "Service default/verbs")
        self.assert_exit(self.server.strata("volume", "describe", "absent"), NOT_FOUND, "default/absent")
        self.assert_exit(self.server.strata("volume", "delete", "absent"), NOT_FOUND, "default/absent")
        table = self.server.strata("volume", "list").stdout
        self.assertIn("Service default/verbs", table)
        shown = self.server.json("volume", "describe", "verbs")
        self.assertEqual((shown["size_mib"], shown["retain"]), (16, False))
        self.assertEqual(shown, json.loads(self.server.api("GET", "/v1/volumes/default/verbs").body))
        document = json.loads(self.server.api("GET", "/openapi.json").body)
        described = document["components"]["schemas"]["Volume"]
        self.assertEqual((set(shown), set(described["required"])), (set(described["properties"]),) * 2)

    def test_another_size_is_refused(self):
        self.deploy(self.named("sized", "sized"))
        self.assertIn("has size_mib 16, not 32", self.refusal(self.named("other", "sized", size_mib=32), WRONG_STATE))
        self.assertNotIn("Service/default/other", self.server.resources())

    def test_what_is_refused_makes_no_volume(self):
        before = self.files()
        self.refusal(self.named("refused", "refused", size_mib=1 << 20), 6)  # a TiB: the disk has no room
        self.assertEqual(self.files(), before)
        self.assertNotIn("refused", self.volumes())

    def dry_run(self, *manifests):
        return self.server.strata("apply", "--dry-run", "-f", "-", stdin=documents(*manifests))

    def test_a_dry_run_only_looks(self):
        folder = self.server.home / "volumes"
        self.deploy(self.named("seen", "seen"))
        before = self.files(), folder.stat().st_mtime_ns
        for kind in (*CLASSES, "microvm"):
            with self.subTest(kind):
                new = self.named("dry", "dry", retain=True, namespace="dry", **{"class": kind})
                self.assert_exit(self.dry_run(new), DONE)
        two = self.named("one", "dry"), self.named("two", "dry", size_mib=32)
        self.assert_exit(self.dry_run(*two), WRONG_STATE, "has size_mib 16, not 32")
        self.assert_exit(self.dry_run(self.named("dry", "seen", size_mib=32)), WRONG_STATE, "has size_mib 16, not 32")
        self.assert_exit(self.dry_run(self.named("dry", "dry", size_mib=1 << 20)), TRY_LATER, "the disk has no")
        # Not even for a moment: a file that comes and goes leaves its time.
        self.assertEqual((self.files(), folder.stat().st_mtime_ns), before)

    def test_tenants_do_not_see_each_other(self):
        self.deploy(self.named("mine", "same", retain=True))
        self.assertEqual(self.run_in("mine", "write", "/data/mine"), 0)
        theirs = self.named("theirs", "same", namespace="other")
        del theirs["spec"]["triggers"]
        self.deploy(theirs)
        code = self.server.strata("-n", "other", "exec", "theirs", "--", "/bin/guest", "read", "/data/mine").returncode
        self.assertEqual(code, ENOENT)
        self.assertEqual(list(self.volumes("other")), ["same"])
        self.delete("mine")
        self.assertEqual(self.server.strata("volume", "delete", "same").returncode, DONE)

    def test_replicas_share_it(self):
        self.deploy(self.named("shared", "shared", replicas=2))
        ids = self.server.json("describe", "service", "shared")["status"]["sandboxes"]["replicas"]
        self.assertEqual(len(ids), 2)
        write, read = (("exec", "shared", "--sandbox", one, "--", "/bin/guest", verb, "/data/new")
                       for one, verb in zip(ids, ("write", "read")))
        self.assertTrue(eventually(lambda: self.server.strata(*write).returncode == 0))
        self.assertTrue(eventually(lambda: self.server.strata(*read).returncode == 0))

    def test_a_function_has_it_in_every_call(self):
        image = guest_image(self.folder / "writer", "write", "/data/new")
        volumes = [{"name": "data", "named": {"volume": "calls", "size_mib": 8}}]
        for name, verb in (("writes", "write"), ("reads", "read")):
            image = guest_image(self.folder / verb, verb, "/data/new")
            self.server.apply(function(name, f"oci:{image.path}", f"/{name}", "default", volumes=volumes,
                                       mounts=[{"volume": "data", "mount": "/data"}]))
            self.addCleanup(self.server.strata, "delete", "function", name)
        self.assertEqual(self.server.get("/writes").status, 200)
        self.assertEqual(self.server.get("/reads").status, 200)

    # --- the host's and tmpfs

    def test_directories_of_the_host(self):
        shared = self.folder / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        for kind in CLASSES:
            with self.subTest(kind):
                name = f"host-{kind}"
                volumes = [{"name": "ro", "host": {"path": str(shared)}},
                           {"name": "rw", "host": {"path": str(shared), "read_only": False}}]
                self.deploy(self.service(name, volumes, [{"volume": "ro", "mount": "/ro"},
                                                         {"volume": "rw", "mount": "/rw"}], **{"class": kind}))
                self.assertEqual(self.run_in(name, "write", f"/rw/{kind}"), 0)
                self.assertEqual(self.run_in(name, "write", "/ro/other"), EROFS)
                self.assertTrue((shared / kind).exists())
                self.assertFalse((shared / "other").exists())

    def test_a_link_to_a_directory_is_refused(self):
        (self.folder / "link").symlink_to("/etc")
        manifest = self.service("linked", [{"name": "a", "host": {"path": str(self.folder / "link")}}],
                                [{"volume": "a", "mount": "/a"}])
        self.assertIn("leads through a link; write '/etc'", self.refusal(manifest, USAGE))

    def test_tmpfs_is_bounded_memory(self):
        for kind in (*CLASSES, "microvm"):
            with self.subTest(kind):
                name = f"tmpfs-{kind}"
                self.deploy(self.service(name, [{"name": "t", "tmpfs": {"size_mib": 4}}],
                                         [{"volume": "t", "mount": "/run/t"}], **{"class": kind}))
                self.assertEqual(self.run_in(name, "fill", "/run/t/big"), ENOSPC)
        manifest = self.service("greedy", [{"name": "t", "tmpfs": {"size_mib": 65}}], [{"volume": "t", "mount": "/t"}])
        self.assertIn("a tmpfs is memory", self.refusal(manifest, USAGE))

    # --- what a class cannot do

    def test_a_class_that_cannot_says_so(self):
        volumes = [{"name": "a", "host": {"path": str(self.folder)}}]
        host = self.service("vm", volumes, [{"volume": "a", "mount": "/a"}], **{"class": "microvm"})
        self.assertIn("class microvm has no host volume", self.refusal(host, UNSUPPORTED))
        two = self.named("vm", "vm", replicas=2, **{"class": "microvm"})
        self.assertIn("one sandbox at a time", self.refusal(two, UNSUPPORTED))
        pair = {"class": "container", "within": "microvm"}
        for volumes in (volumes, [{"name": "a", "tmpfs": {"size_mib": 4}}]):
            inside = self.service("pair", volumes, [{"volume": "a", "mount": "/a"}], **pair)
            self.assertIn("class container-in-microvm has no", self.refusal(inside, UNSUPPORTED))
        self.assertIn("class container-in-microvm has no", self.refusal(self.named("pair", "pair", **pair), UNSUPPORTED))
        granted = self.service("pair", grants={"dirs": [{"guest": "/tmp/own", "mode": "scratch"}]}, **pair)
        self.refusal(granted, UNSUPPORTED)
        self.assertNotIn("Service/default/pair", self.server.resources())
        self.assertFalse({"vm", "pair"} & set(self.volumes()))

    # --- machines, which have a volume alone

    def test_a_machine_has_a_volume_alone(self):
        vm = {"class": "microvm"}
        self.deploy(self.named("machine", "blocks", retain=True, **vm))
        self.assertEqual(self.run_in("machine", "write", "/data/new"), 0)
        self.assertEqual(self.run_in("machine", "fill", "/data/big"), ENOSPC)
        self.assertIn("a virtual machine has it", self.refusal(self.named("second", "blocks", **vm), WRONG_STATE))
        self.assertIn("only class microvm", self.refusal(self.named("files", "blocks"), WRONG_STATE))
        self.assert_exit(self.server.strata("snapshot", "machine", "one"), UNSUPPORTED, "named volume")
        self.server.get("/machine/exit")
        self.assertTrue(eventually(lambda: self.run_in("machine", "read", "/data/new") == 0))
        self.delete("machine")
        self.deploy(self.named("machine", "blocks", retain=True, **vm))
        self.assertEqual(self.run_in("machine", "read", "/data/new"), 0)
        self.delete("machine")
        self.assertEqual(self.server.strata("volume", "delete", "blocks").returncode, DONE)

    def test_a_mounted_volume_is_no_drive(self):
        self.deploy(self.named("mounts", "mounted"))
        refused = self.refusal(self.named("wants", "mounted", **{"class": "microvm"}), WRONG_STATE)
        self.assertIn("another class have it mounted", refused)
        self.assertEqual(self.run_in("mounts", "write", "/data/new"), 0)

    def test_a_killed_machine_loses_nothing_that_was_synced(self):
        self.deploy(self.named("killed", "killed", **{"class": "microvm"}))
        self.assertEqual(self.run_in("killed", "write", "/data/new"), 0)
        for pid, words in self.server.processes().items():
            if "qemu" in words[0] or words[0].endswith("/strata-keeper"):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.run_in("killed", "read", "/data/new") == 0))

    # --- crashes

    def test_nothing_stays_attached(self):
        self.deploy(self.named("crash", "crash", retain=True))
        self.assertEqual(self.run_in("crash", "write", "/data/new"), 0)
        self.assertTrue(self.attached())
        for pid, words in self.server.processes().items():
            if words[0].endswith("/strata-keeper"):
                os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.server.get("/crash").status == 200))
        self.assertTrue(eventually(lambda: self.run_in("crash", "read", "/data/new") == 0))
        self.assertEqual(len([file for file in self.attached() if "/crash.img" in file]), 1)
        self.server.kill_manager()
        self.server.up()
        self.assertTrue(eventually(lambda: self.run_in("crash", "read", "/data/new") == 0))
        self.assertEqual(self.server.strata("down").returncode, DONE)
        self.assertTrue(eventually(lambda: not self.attached()), self.attached())
        (self.server.home / "volumes" / "default" / "stray.img.new").write_bytes(b"half")
        self.server.up()
        self.assertTrue(eventually(lambda: self.run_in("crash", "read", "/data/new") == 0))
        self.assertNotIn("stray.img.new", self.files())
