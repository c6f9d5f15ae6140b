"""A file system without a free byte under STRATA_HOME: what is deployed is served, nothing changes half, and all is as
before once there is room."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from e2e.support import ARTIFACTS, FAILED, TRY_LATER, Server, documents, eventually, function, hello

SIZE = "64m"
DEATHS = 10  # more lines in the journal than fit into the rest of its last page


def mount(folder):
    """A small file system on `folder`; why it cannot be made here, or None."""
    if os.geteuid() != 0:
        return "mounting a small file system needs root"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "strata-e2e", folder],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()


class DiskFullTest(unittest.TestCase):
    def setUp(self):
        self.mounted = pathlib.Path(tempfile.mkdtemp(prefix="strata-e2e."))
        self.addCleanup(self.mounted.rmdir)
        if reason := mount(self.mounted):
            print(f"skipped: {reason}")
            self.skipTest(reason)
        self.addCleanup(self.unmount)
        home = self.mounted / "home"
        home.mkdir()
        self.server = Server("--cells", "2", home=home).up()
        self.addCleanup(self.end)
        self.server.apply(hello())
        self.ballast = self.mounted / "ballast"

    def unmount(self):
        """A process that was killed has lost its memory, and with it its name, before it closes its files."""
        self.assertTrue(eventually(lambda: subprocess.run(["umount", self.mounted], check=False).returncode == 0))

    def end(self):
        self.ballast.unlink(missing_ok=True)
        self.assertEqual(self.server.end(), [], "left on the host")

    def fill(self):
        """Takes every free byte of the file system."""
        with self.ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass
        self.assertEqual(shutil.disk_usage(self.mounted).free, 0)

    def assert_served(self):
        for _ in range(20):
            self.assertEqual(self.server.get("/hello").text, "hello, world\n")

    def test_a_deploy_fails_whole_and_serving_goes_on(self):
        self.fill()
        before = self.server.resources()
        markdown = function("markdown", ARTIFACTS / "markdown.wasm", "/markdown")
        for manifest in (hello("other", "/other"), hello(limits={"memory_mib": 32}), markdown):
            done = self.server.strata("apply", "-f", "-", stdin=documents(manifest))
            self.assertIn(done.returncode, (FAILED, TRY_LATER), done.stderr)
            self.assertRegex(done.stderr, "disk is full|No space left")
            self.assert_served()
        self.assertEqual(self.server.resources(), before)
        self.assertEqual(self.server.get("/other").status, 404)

        self.ballast.unlink()
        self.server.apply(hello("other", "/other"), markdown)
        self.assertEqual(self.server.get("/other").text, "hello, world\n")
        self.assertEqual(self.server.request("POST", "/markdown", b"# A").status, 200)

    def test_cells_that_die_are_replaced(self):
        self.fill()
        for turn in range(DEATHS):
            dead = self.server.cell_pids()[turn % 2]
            os.kill(dead, signal.SIGKILL)
            self.assertTrue(eventually(lambda: len(set(self.server.cell_pids()) - {dead}) == 2))
            self.assert_served()
        self.assertGreater((self.server.home / "state" / "journal").stat().st_size, 4096)

    def test_the_server_comes_back(self):
        self.fill()
        self.server.kill_manager()
        self.assert_served()
        self.server.up()
        self.assert_served()
        self.assertEqual(self.server.resources(), ["Function/demo/hello"])

    def test_log_lines_that_are_lost_are_counted(self):
        self.fill()
        self.assert_served()
        counted = 'strata_manager_log_dropped_bytes_total{log="access"} '
        def lost():
            text = self.server.api("GET", "/metrics").text
            return next(float(line.removeprefix(counted)) for line in text.splitlines() if line.startswith(counted))
        self.assertTrue(eventually(lambda: lost() > 0))


if __name__ == "__main__":
    unittest.main()
