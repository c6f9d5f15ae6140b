"""tools/setup: says what is missing before it changes anything."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class SetupTest(unittest.TestCase):
    def run_setup(self, tool: str, prints: str, *arguments: str) -> tuple[subprocess.CompletedProcess, pathlib.Path]:
        """Runs tools/setup with `tool` replaced by a program that prints `prints`."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        fake = root / "bin" / tool
        fake.parent.mkdir()
        fake.write_text(f"#!/bin/sh\necho '{prints}'\n")
        fake.chmod(0o755)
        environment = dict(os.environ, PATH=f"{fake.parent}:{os.environ['PATH']}", STRATA_CACHE=str(root / "cache"))
        done = subprocess.run([str(ROOT / "tools" / "setup"), *arguments], env=environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, check=False)
        return done, root / "cache"

    def test_an_old_tool_is_named_with_the_way_to_get_it_and_nothing_is_changed(self):
        done, cache = self.run_setup("rustc", "rustc 1.80.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("too old: rustc 1.80.1, needed is 1.95. Get it: rustup toolchain install", done.stderr)
        self.assertFalse(cache.exists())

    def test_an_absent_tool_is_named(self):
        done, _ = self.run_setup("go", "")
        self.assertEqual(done.returncode, 1)
        self.assertIn("missing: go 1.26 or newer", done.stderr)

    def test_versions_are_compared_as_numbers(self):
        done, _ = self.run_setup("rustc", "rustc 1.100.0", "--check")
        self.assertNotIn("rustc", done.stderr)

    def test_help_changes_nothing(self):
        done, cache = self.run_setup("go", "", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Usage: tools/setup", done.stdout)
        self.assertFalse(cache.exists())


if __name__ == "__main__":
    unittest.main()
