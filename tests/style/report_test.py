"""tools/test_report.py: a wrong count would let a broken build pass."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))

import test_report  # noqa: E402

GTEST = """<testsuites><testsuite name="A">
<testcase name="Good" classname="A" status="run" result="completed"/>
<testcase name="Bad" classname="A" status="run" result="completed"><failure message="x"/></testcase>
<testcase name="Skipped" classname="A" status="run" result="skipped"><skipped message="no KVM"/></testcase>
<testcase name="DISABLED_Off" classname="A" status="notrun" result="suppressed"/>
</testsuite></testsuites>"""


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def ctest(self, cases: str) -> test_report.Counts:
        (self.root / "ctest.xml").write_text(f"<testsuite>{cases}</testsuite>")
        return test_report.count_ctest(self.root / "ctest.xml", self.root)

    def close(self, *folders: pathlib.Path) -> tuple[int, str]:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = test_report.close(list(folders))
        return status, out.getvalue().splitlines()[-1]

    def test_a_gtest_program_counts_as_its_cases(self):
        (self.root / "a_test.xml").write_text(GTEST)
        counts = self.ctest('<testcase name="a_test" status="fail"><failure/></testcase>')
        self.assertEqual((counts.passed, counts.failed, counts.skipped), (1, 1, 1))
        self.assertEqual(counts.failures, ["A.Bad"])

    def test_a_program_that_died_is_a_failure_even_if_its_cases_passed(self):
        (self.root / "a_test.xml").write_text(GTEST.replace('<failure message="x"/>', ""))
        counts = self.ctest('<testcase name="a_test" status="fail"><failure/></testcase>')
        self.assertEqual(counts.failed, 1)

    def test_a_program_without_a_report_or_with_a_cut_one_is_one_failure(self):
        (self.root / "cut_test.xml").write_text(GTEST[:80])
        counts = self.ctest('<testcase name="cut_test" status="fail"/><testcase name="b_test" status="fail"/>')
        self.assertEqual(counts.failures, ["cut_test", "b_test"])

    def test_closing_lines_of_other_runners_are_read(self):
        for output, expected in [
            ("Ran 7 tests in 0.1s\n\nOK (skipped=2)\n", (5, 0, 2)),
            ("Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n", (4, 3, 0)),
            ("==== 2 failed, 9 passed, 1 skipped in 3.2s ====\n", (9, 2, 1)),
            ("crash: 20 passed, 0 failed\n", (20, 0, 0)),
            ("[  PASSED  ] 3 tests.\n[  FAILED  ] 1 test, listed below:\n\n 1 FAILED TEST\n", (3, 1, 0)),
            ("hello\n", (1, 0, 0)),
        ]:
            with self.subTest(output=output):
                counts = test_report.count_output("x", expected[1] == 0, output)
                self.assertEqual((counts.passed, counts.failed, counts.skipped), expected)

    def test_a_failing_program_that_claims_success_is_a_failure(self):
        self.assertEqual(test_report.count_output("x", False, "Ran 7 tests in 0.1s\n\nOK\n").failed, 1)

    def test_close_sums_reports_and_ends_with_the_counting_line(self):
        (self.root / "stages.tsv").write_text("build\t1.0\t0\n")
        test_report.save("one", test_report.Counts(3), self.root)
        test_report.save("two", test_report.Counts(4, 0, 1), self.root)
        self.assertEqual(self.close(self.root), (0, "7 passed, 0 failed, 1 skipped"))

    def test_a_stage_that_broke_before_counting_is_a_failure(self):
        (self.root / "stages.tsv").write_text("build\t1.0\t2\n")
        self.assertEqual(self.close(self.root), (1, "0 passed, 1 failed"))

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(self.close(self.root / "absent"), (1, "0 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()
