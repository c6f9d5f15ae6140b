"""Volumes in class wasm: named ones that outlive cells, tmpfs and scratch directories of a size."""

import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from e2e import guests
from e2e.images import guest_image
from e2e.support import DONE, UNSUPPORTED, WRONG_STATE, ServerTest, documents, eventually, function

MARK = "trusted.strata.written-by-machine"


@unittest.skipUnless(os.geteuid() == 0, "mounts need root")
class WasmVolumesTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-wasm-volumes."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def manifest(self, name, text, volume, **spec):
        """A function of a guest with one volume, or none."""
        volumes = {"volumes": [{"name": "v", **volume}], "mounts": [{"volume": "v", "mount": "/data"}]} if volume else {}
        guest = self.folder / f"{name}.wat"
        guest.write_text(text)
        return function(name, str(guest), f"/{name}", "default", **volumes, **spec)

    def deploy(self, name, text, volume=None, **spec):
        self.server.apply(self.manifest(name, text, volume, **spec))
        self.addCleanup(self.server.strata, "delete", "function", name)

    def named(self, volume, size_mib=8, retain=False):
        return {"named": {"volume": volume, "size_mib": size_mib, "retain": retain}}

    def answer(self, name):
        got = self.server.get(f"/{name}")
        return got.text if got.status == 200 else got.status

    def delete(self, name):
        self.assertEqual(self.server.strata("delete", "function", name).returncode, DONE)

    def image(self, volume):
        return self.server.home / "volumes" / "default" / f"{volume}.img"

    def attached(self, volume):
        """How many loop devices the volume's file has."""
        found = 0
        for backing in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
            try:
                found += backing.read_text().startswith(str(self.image(volume)))
            except OSError:  # just cleared
                continue
        return found

    def kill_cells(self):
        for pid, words in self.server.processes().items():
            if words[0].endswith("/strata-cell"):
                os.kill(pid, signal.SIGKILL)

    # --- named

    def test_a_volume_outlives_calls_cells_and_managers(self):
        self.deploy("writes", guests.writes_file("new"), self.named("kept", retain=True))
        self.deploy("reads", guests.reads_file("new"), self.named("kept", retain=True))
        self.assertEqual(self.answer("writes"), "ok\n")
        self.assertEqual(self.server.get("/reads").status, 200)
        self.server.kill_manager()
        self.assertEqual(self.server.get("/reads").status, 200)
        self.server.up()
        self.assertEqual(self.server.get("/reads").status, 200)
        self.assertEqual(self.attached("kept"), 1)
        self.kill_cells()
        self.assertTrue(eventually(lambda: self.server.get("/reads").status == 200))
        self.delete("writes")
        self.delete("reads")
        self.assertTrue(eventually(lambda: self.attached("kept") == 0))
        self.deploy("again", guests.reads_file("new"), self.named("kept"))
        self.assertEqual(self.server.get("/again").status, 200)
        self.delete("again")
        self.assertTrue(eventually(lambda: not self.image("kept").exists() and self.attached("kept") == 0))

    def test_a_volume_has_its_size(self):
        self.deploy("fills", guests.fills_file("big"), self.named("full"))
        self.assertEqual(self.answer("fills"), guests.ENOSPC)
        self.assertEqual(self.image("full").stat().st_size, 8 << 20)
        self.deploy("others", guests.writes_file("mine"))
        self.assertEqual(self.answer("fills"), guests.ENOSPC)

    def test_a_read_only_mount_is_not_written(self):
        self.deploy("owner", guests.writes_file("new"), self.named("both"))
        self.assertEqual(self.answer("owner"), "ok\n")
        for name, text in (("looks", guests.reads_file("new")), ("tries", guests.writes_file("other"))):
            manifest = self.manifest(name, text, self.named("both"))
            manifest["spec"]["mounts"][0]["read_only"] = True
            self.server.apply(manifest)
            self.addCleanup(self.server.strata, "delete", "function", name)
        self.assertEqual(self.server.get("/looks").status, 200)
        self.assertEqual(self.server.get("/tries").status, 500)

    def test_a_container_shares_it(self):
        image = guest_image(self.folder / "image", "serve")
        service = function("files", f"oci:{image.path}", "/files", "default",
                           volumes=[{"name": "v", **self.named("shared")}], mounts=[{"volume": "v", "mount": "/data"}])
        service["kind"] = "Service"
        self.server.apply(service)
        self.addCleanup(self.server.strata, "delete", "service", "files")
        self.deploy("mine", guests.writes_file("cells"), self.named("shared"))
        self.deploy("theirs", guests.reads_file("containers"), self.named("shared"))
        run = lambda *words: self.server.strata("exec", "files", "--", "/bin/guest", *words).returncode
        self.assertEqual(self.answer("mine"), "ok\n")
        self.assertEqual(run("read", "/data/cells"), 0)
        self.assertEqual(run("write", "/data/containers"), 0)
        self.assertEqual(self.server.get("/theirs").status, 200)
        self.assertEqual(self.attached("shared"), 1)

    def test_what_a_machine_could_write_is_refused_before_anything_is_stored(self):
        self.deploy("first", guests.writes_file("new"), self.named("blocks", retain=True))
        self.delete("first")
        os.setxattr(self.image("blocks"), MARK, b"1")
        done = self.server.strata("apply", "-f", "-",
                                  stdin=documents(self.manifest("second", guests.reads_file("new"),
                                                                self.named("blocks"))))
        self.assert_exit(done, WRONG_STATE, "only class microvm")
        self.assertNotIn("Function/default/second", self.server.resources())
        self.assertEqual(self.server.strata("volume", "delete", "blocks").returncode, DONE)

    def test_a_volume_that_cannot_be_mounted_fails_its_functions_alone(self):
        self.deploy("stays", guests.writes_file("new"), self.named("lost"))
        self.deploy("apart", guests.writes_file("new"), {"tmpfs": {"size_mib": 1}})
        os.setxattr(self.image("lost"), MARK, b"1")
        self.kill_cells()
        self.assertTrue(eventually(lambda: self.answer("apart") == "ok\n"))
        self.assertEqual(self.server.get("/stays").status, 503)
        os.removexattr(self.image("lost"), MARK)
        self.deploy("change", guests.writes_file("new"))
        self.assertTrue(eventually(lambda: self.answer("stays") == "ok\n"))

    # --- in memory

    def test_tmpfs_and_scratch_are_bounded_and_each_calls_own(self):
        kinds = {"tmpfs": {"volume": {"tmpfs": {"size_mib": 1}}},
                 "scratch": {"grants": {"dirs": [{"guest": "/tmp", "mode": "scratch"}]}}}
        for kind, spec in kinds.items():
            with self.subTest(kind):
                self.deploy(f"fills-{kind}", guests.fills_file("big"), **spec)
                self.deploy(f"reads-{kind}", guests.reads_file("big"), **spec)
                for _ in range(3):
                    self.assertEqual(self.answer(f"fills-{kind}"), guests.ENOSPC)
                    self.assertEqual(self.server.get(f"/reads-{kind}").status, 500)

    def test_what_has_no_file_system_is_refused(self):
        module = self.manifest("module", guests.COUNTER, {"tmpfs": {"size_mib": 1}})
        self.assert_exit(self.server.strata("apply", "-f", "-", stdin=documents(module)), UNSUPPORTED, "bare module")
        writable = self.manifest("host", guests.writes_file("new"), {"host": {"path": str(self.folder),
                                                                             "read_only": False}})
        self.assert_exit(self.server.strata("apply", "-f", "-", stdin=documents(writable)), UNSUPPORTED, "class wasm")


if __name__ == "__main__":
    unittest.main()
