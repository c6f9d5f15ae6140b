"""`tools/demo.py`, which `make demo` runs, without its minutes of building and measuring."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from e2e.placement_test import RECORD
from e2e.support import BIN, DONE, PATIENCE, ROOT


def table(told, first_column):
    """The rows of the first printed table whose header begins so."""
    lines = told.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first_column))
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return lines[start + 1:end]


@unittest.skipUnless(os.geteuid() == 0, "containers need root")
class DemoTest(unittest.TestCase):
    def demo(self, record):
        """Runs it with what was measured before, and one example."""
        with tempfile.TemporaryDirectory(prefix="strata-demo-test.") as folder:
            file = pathlib.Path(folder) / "record.json"
            file.write_text(json.dumps(record))
            words = ("--bin", str(BIN), "--seconds", "0", "--only", "hello-c", "--record", str(file))
            environment = {**os.environ, "STRATA_HOME": str(pathlib.Path(folder) / "home")}
            return subprocess.run([sys.executable, "-B", str(ROOT / "tools" / "demo.py"), *words], env=environment,
                                  capture_output=True, text=True, timeout=4 * PATIENCE, check=False)

    def test_four_workloads_land_in_four_classes_and_five_claims_stand_beside_figures(self):
        done = self.demo(RECORD)
        self.assertEqual(done.returncode, DONE, done.stderr)
        [example] = table(done.stdout, "FUNCTION ")
        self.assertRegex(example, r"^hello-c .* ok$")
        placed = [re.split(" {2,}", row) for row in table(done.stdout, "WORKLOAD  ")]
        landed = {row[0]: row[3] for row in placed}
        self.assertEqual(landed, {"plain": "container", "foreign": "appkernel", "hostile": "microvm", "portable": "wasm"})
        lost = table(done.stdout[done.stdout.index("NOT IN") - len("WORKLOAD") - 2:], "WORKLOAD")
        self.assertEqual(len(lost), 4 * 4)  # each of the others, with its reason
        claims = table(done.stdout, "CLASS ")
        self.assertEqual(len(claims), 5)
        self.assertEqual({row.split()[0] for row in claims}, {"wasm", "container"})

    def test_fewer_claims_beside_figures_are_a_failure_that_names_those_there_are(self):
        done = self.demo({**RECORD, "classes": [each for each in RECORD["classes"] if each["class"] == "wasm"]})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("demo: of 5 claims with a figure beside them there are 3 "
                      "(wasm cold start, wasm warm start, wasm memory of a call);", done.stderr)


if __name__ == "__main__":
    unittest.main()
