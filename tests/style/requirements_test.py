"""docs/requirements.md: each requirement once, and what its state owes is there.

Whether a state is right this cannot see.
"""

import collections
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))

import source_tree  # noqa: E402

PAGE = source_tree.ROOT / "docs" / "requirements.md"
ALL = 191
STATES = ("done", "met", "missed", "part", "shown", "refused", "not")
COUNTS = re.compile(r"^\*\*\d+ requirements: .*$", re.MULTILINE)
PATH = re.compile(r"`([^`]+)`")

Row = collections.namedtuple("Row", "number requirement state where kept")


def rows(text: str) -> list[Row]:
    """Those of the tables of requirements: their first cell is a number."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [Row(int(each[0]), *each[1:]) for each in cells if each[0].isdigit()]


def counts(of: list[Row]) -> str:
    found = collections.Counter(row.state for row in of)
    return f"**{len(of)} requirements: " + ", ".join(f"{found[state]} {state}" for state in STATES) + ".**"


def is_test(path: str) -> bool:
    return pathlib.PurePath(path).stem.endswith("_test")


def problems(row: Row, there: set[str]) -> list[str]:
    """What the row says that is not so, or does not say. `there` has the files of the tree."""
    where, kept = PATH.findall(row.where), PATH.findall(row.kept)
    missing = [f"{path} is not there" for path in where + kept if path not in there]
    test, figures = any(map(is_test, kept)), "](performance.md#" in row.kept
    owed = {
        "done": [(where, "where it is"), (test, "a test")],
        "part": [(where, "where it is"), ("missing: " in row.kept, "what is missing")],
        "met": [(where, "what measures it"), (figures, "the figures"), ("**Q** " in row.requirement, "a target")],
        "shown": [(row.where.startswith("`src/advisor/facts/"), "the fact"), (test, "a test")],
        "refused": [(where, "where it is refused"), (not kept or ": " in row.kept, "the reason")],
        "not": [(row.kept, "what is not there")],
    }
    owed["missed"] = owed["met"]
    if row.state not in owed:
        return [*missing, f"{row.state} is no state"]
    return missing + [f"{row.state} without {what}" for has, what in owed[row.state] if not has]


class RequirementsTest(unittest.TestCase):
    def setUp(self):
        self.text = PAGE.read_text(encoding="utf-8")

    def test_each_requirement_has_one_row_in_order(self):
        self.assertEqual([row.number for row in rows(self.text)], list(range(1, ALL + 1)))

    def test_what_a_state_owes_is_there(self):
        there = {str(path) for path in source_tree.files()}
        found = [f"{row.number}: {problem}" for row in rows(self.text) for problem in problems(row, there)]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_counts_are_those_of_the_rows(self):
        self.assertEqual(COUNTS.findall(self.text), [counts(rows(self.text))])

    def test_what_is_owed_and_not_there_is_found(self):
        there = {"src/a.cc", "src/a_test.cc", "src/advisor/facts/a.yaml"}
        link = "[x](performance.md#x)"
        for good, *bad in (
                (("A.", "done", "`src/a.cc`", "`src/a_test.cc`"), ("A.", "done", "`src/a.cc`", "`src/a.cc`"),
                 ("A.", "done", "-", "`src/a_test.cc`"), ("A.", "done", "`src/b.cc`", "`src/a_test.cc`"),
                 ("A.", "done", "`src/a.cc`", "`src/b_test.cc`"), ("A.", "finished", "`src/a.cc`", "`src/a_test.cc`")),
                (("A.", "part", "`src/a.cc`", "missing: b"), ("A.", "part", "`src/a.cc`", "`src/a_test.cc`")),
                (("**Q** A.", "met", "`src/a.cc`", link), ("A.", "met", "`src/a.cc`", link),
                 ("**Q** A.", "met", "`src/a.cc`", "by far")),
                (("**Q** A.", "missed", "`src/a.cc`", link), ("**Q** A.", "missed", "-", link)),
                (("A.", "shown", "`src/advisor/facts/a.yaml`", "`src/a_test.cc`"),
                 ("A.", "shown", "`src/a.cc`", "`src/a_test.cc`")),
                (("A.", "refused", "`src/a.cc`", "`src/a_test.cc`: it hurts"),
                 ("A.", "refused", "`src/a.cc`", "`src/a_test.cc`")),
                (("A.", "not", "-", "no such thing"), ("A.", "not", "-", ""))):
            self.assertEqual(problems(Row(1, *good), there), [])
            for each in bad:
                with self.subTest(each):
                    self.assertTrue(problems(Row(1, *each), there))


if __name__ == "__main__":
    unittest.main()
