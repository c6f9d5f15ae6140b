"""tools/check_layers.py on small trees made for each promise."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))

import check_layers  # noqa: E402

TABLE = """
| folder | is | may include |
| --- | --- | --- |
| `base` | bottom, with a | nothing of ours |
| `host` | middle | base |
| `sandbox` | drivers | host |
| `api` | top | everything above |
"""


class LayersTest(unittest.TestCase):
    def check(self, files: dict[str, str], table: str = TABLE) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder) / "src"
            for name in ("base", "host", "sandbox", "api"):
                (src / name).mkdir(parents=True)
            (src / "README.md").write_text(table)
            for name, text in files.items():
                (src / name).parent.mkdir(parents=True, exist_ok=True)
                (src / name).write_text(text)
            return check_layers.check(pathlib.Path(folder))

    def test_named_folders_and_what_they_may_include_are_allowed(self):
        self.assertEqual(self.check({
            "host/a.h": '#include "base/x.h"\n#include "host/b.h"\n#include <vector>\n',
            "sandbox/a.h": '#include "host/a.h"\n#include "base/x.h"\n',
            "api/a.h": '#include "sandbox/a.h"\n#include "base/x.h"\n'}), [])

    def test_an_upward_include_is_refused_with_file_and_line(self):
        self.assertEqual(self.check({"base/x.cc": '#include <map>\n#  include "host/a.h"\n'}),
                         ['src/base/x.cc:2: "host/a.h": base may not include host'])

    def test_a_folder_without_a_row_is_refused_itself_and_as_a_target(self):
        problems = self.check({"extra/x.h": "", "api/a.cc": '#include "extra/x.h"\n'})
        self.assertEqual(problems, ["src/README.md: folder extra is missing from the table",
                                    'src/api/a.cc:1: "extra/x.h": extra has no row in src/README.md'])

    def test_messages_of_others_may_be_included_and_ours_by_the_table_only(self):
        self.assertEqual(self.check({
            "host/a.h": '#include "events/task.pb.h"\n',
            "base/x.cc": '#include "host/own.pb.h"\n'}),
            ['src/base/x.cc:1: "host/own.pb.h": base may not include host'])

    def test_a_row_without_a_folder_is_refused(self):
        problems = self.check({}, TABLE + "| `ghost` | gone | base |\n")
        self.assertEqual(problems, ["src/README.md: folder ghost does not exist"])

    def test_a_driver_may_not_include_another_nor_sandbox_a_driver(self):
        problems = self.check({
            "sandbox/wasm/driver.h": "", "sandbox/fake/driver.h": "", "sandbox/testing/x.h": "",
            "sandbox/fake/driver_test.cc": '#include "sandbox/testing/x.h"\n',
            "sandbox/wasm/a.h": '#include "sandbox/driver.h"\n#include "sandbox/wasm/b.h"\n',
            "sandbox/fake/a.h": '#include "sandbox/wasm/a.h"\n',
            "sandbox/pool.h": '#include "sandbox/fake/a.h"\n'})
        self.assertEqual(len(problems), 2, problems)

    def test_only_the_wasm_driver_names_the_engine(self):
        engine = '#include "strata_native.h"\n'
        self.assertEqual(self.check({"sandbox/wasm/engine.cc": engine}), [])
        self.assertEqual(len(self.check({"api/a.cc": engine})), 1)

    def test_a_cycle_in_the_table_is_refused(self):
        problems = self.check({}, TABLE.replace("nothing of ours", "sandbox"))
        self.assertEqual(problems, ["src/README.md: cycle: base -> sandbox -> host -> base"])

    def test_an_unknown_name_and_a_missing_table_are_refused(self):
        self.assertIn("has no row", self.check({}, TABLE.replace("| host |", "| hots |"))[0])
        self.assertIn("no layer table", self.check({}, "# src\n")[0])


if __name__ == "__main__":
    unittest.main()
