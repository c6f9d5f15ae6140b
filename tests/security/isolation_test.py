"""The isolation battery, as a user runs it: every scenario in every class, and natively beside it."""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from e2e.support import BIN, ServerTest

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = ("wasm", "container", "appkernel", "microvm")
FEWEST_THAT_COUNT = 60
MOST_LOG = 32 << 20


@unittest.skipUnless(os.geteuid() == 0, "the battery needs root")
class IsolationTest(ServerTest):
    @classmethod
    def prepare(cls):
        with tempfile.TemporaryDirectory(prefix="strata-native.") as folder:
            native = pathlib.Path(folder) / "native.json"
            subprocess.run([sys.executable, "-B", str(HERE / "native_battery.py"),
                            str(BIN / "strata-battery"), str(native)], check=True, timeout=600)
            command = [str(BIN / "strata"), "--home", str(cls.server.home), "-o", "json", "probe",
                       "--isolation", "--native", str(native)]
            cls.done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        cls.result = json.loads(cls.done.stdout)
        cls.scenarios = cls.result["scenarios"]

    def outcomes(self, name):
        return {each["id"]: each["outcomes"][name]["outcome"] for each in self.scenarios}

    def test_every_class_was_tried(self):
        self.assertEqual(self.result["lacking"], {})
        for name in CLASSES:
            self.assertEqual(len(self.outcomes(name)), len(self.scenarios))

    def test_enough_scenarios_succeed_natively(self):
        native = collections.Counter(self.outcomes("native").values())
        self.assertGreaterEqual(native["allowed"], FEWEST_THAT_COUNT, native)

    def test_nothing_is_allowed_that_should_be_blocked(self):
        ranks = ("n/a", "blocked", "contained", "allowed")
        worse = [(each["id"], name, each["outcomes"][name]) for each in self.scenarios for name in CLASSES
                 if ranks.index(each["outcomes"][name]["outcome"])
                 > ranks.index(each["outcomes"][name]["expected"])]
        self.assertEqual(worse, [])
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def test_what_is_the_same_host_is_never_more_than_blocked(self):
        planted = [each for each in self.scenarios if each["id"].startswith(("host-", "leaked-"))]
        self.assertGreater(len(planted), 15)
        for each in planted:
            for name in ("container", "appkernel", "microvm"):
                self.assertEqual(each["outcomes"][name]["outcome"], "blocked", (each["id"], name))

    def test_logs_stay_bounded(self):
        total = sum(path.stat().st_size for path in (self.server.home / "logs").rglob("*") if path.is_file())
        self.assertLess(total, MOST_LOG)

    def test_the_battery_is_removed_again(self):
        self.assertEqual(self.server.resources(), [])


if __name__ == "__main__":
    unittest.main()
