"""deploy/systemd: units that systemd takes, with options that stratad has."""

import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
NOT_HERE = "Command /opt/strata/bin/stratad is not executable: No such file or directory"


class SystemdTest(unittest.TestCase):
    def test_stratad_has_the_options_of_each_unit(self):
        known = set(re.findall(r'"(--[a-z-]+)"', (ROOT / "apps" / "stratad" / "main.cc").read_text()))
        for unit in UNITS:
            line = re.search(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE).group(1)
            self.assertLessEqual(set(re.findall(r"--[a-z-]+", line)), known, unit.name)
            home = re.search(r"--home=/var/lib/(\S+)", line).group(1)
            self.assertIn(f"\nStateDirectory={home}\n", unit.read_text())

    def test_cells_outlive_the_manager_in_each(self):
        self.assertEqual(len(UNITS), 2)
        for unit in UNITS:
            self.assertIn("\nKillMode=process\n", unit.read_text(), unit.name)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_systemd_finds_nothing_wrong(self):
        for unit in UNITS:
            done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
            said = [line for line in done.stderr.splitlines() if unit.name in line and NOT_HERE not in line]
            self.assertEqual(said, [], unit.name)


if __name__ == "__main__":
    unittest.main()
