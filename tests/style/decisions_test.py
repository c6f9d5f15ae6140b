"""Decisions have one form, and docs/decisions/README.md has a row for each."""

import pathlib
import re
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "decisions"
ROW = re.compile(r"^\| \[(\d{4})\]\((\S+\.md)\) \| ([^|]+) \| \w+ \|$", re.MULTILINE)
FORM = re.compile(r"# (\d{4}): (.+)\n\nStatus: (?:accepted|replaced by \d{4})\. Concerns: ")
SECTIONS = ["Context", "Decision", "Consequences"]


def decisions():
    return sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


class DecisionsTest(unittest.TestCase):
    def test_each_begins_with_its_number_its_sentence_and_its_status(self):
        for path in decisions():
            begins = FORM.match(path.read_text())
            self.assertTrue(begins, path.name)
            self.assertEqual(begins.group(1), path.name[:4])

    def test_each_says_why_what_and_what_follows(self):
        for path in decisions():
            sections = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
            self.assertEqual([each for each in sections if each in SECTIONS], SECTIONS, path.name)

    def test_the_index_has_each_by_its_own_words(self):
        rows = ROW.findall((FOLDER / "README.md").read_text())
        there = [(path.name[:4], path.name, FORM.match(path.read_text()).group(2)) for path in decisions()]
        self.assertEqual(rows, there)

    def test_numbers_follow_each_other(self):
        self.assertEqual([int(path.name[:4]) for path in decisions()], list(range(1, len(decisions()) + 1)))


if __name__ == "__main__":
    unittest.main()
