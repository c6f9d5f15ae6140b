"""Everything works without root, and `strata probe` says what is missing then."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from e2e.support import ARTIFACTS, BIN, Server, hello

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def obstacle():
    """Why it cannot be tried here, or None."""
    if os.geteuid() != 0:
        return None
    if shutil.which("setpriv") is None:
        return "setpriv is not installed"
    tried = subprocess.run([*AS_NOBODY, str(BIN / "strata"), "--version"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"nobody cannot run the programs: {tried.stderr.strip()}"


class UnprivilegedTest(unittest.TestCase):
    def setUp(self):
        if reason := obstacle():
            print(f"skipped: {reason}")
            self.skipTest(reason)
        home = pathlib.Path(tempfile.mkdtemp(prefix="strata-e2e."))
        prefix = []
        if os.geteuid() == 0:
            os.chown(home, NOBODY, NOBODY)
            prefix = AS_NOBODY
        # The artifact is copied: the checkout may be readable for its owner only.
        self.artifact = shutil.copy(ARTIFACTS / "hello-c.wasm", home / "hello-c.wasm")
        os.chmod(self.artifact, 0o644)
        self.server = Server(prefix=prefix, home=home).up()

    def tearDown(self):
        self.assertEqual(self.server.end(), [])

    def test_a_user_without_root_deploys_calls_and_stops(self):
        manifest = hello()
        manifest["spec"]["artifact"] = str(self.artifact)
        self.server.apply(manifest)
        for _ in range(10):
            self.assertEqual(self.server.get("/hello").text, "hello, world\n")
        owners = set()
        for pid, words in self.server.processes().items():
            with contextlib.suppress(FileNotFoundError):  # a compiler that has just ended
                owners.add((pathlib.Path(words[0]).name, pathlib.Path(f"/proc/{pid}").stat().st_uid))
        self.assertEqual({name for name, _ in owners}, {"stratad", "strata-cell"})
        self.assertNotIn(0, {owner for _, owner in owners})

    def test_probe_says_that_it_is_not_root(self):
        rows = self.server.json("probe")["checks"]
        root = next(row for row in rows if row["name"] == "root")
        self.assertFalse(root["available"])


if __name__ == "__main__":
    unittest.main()
