"""docs/commands.md has what the programs say of themselves; without a server."""

import pathlib
import sys
import unittest

from e2e.support import BIN

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402


class ReferenceTest(unittest.TestCase):
    def test_the_page_is_what_the_programs_say(self):
        _, mark, rest = reference.PAGE.read_text().partition(reference.MARK)
        self.assertTrue(mark)
        self.assertEqual(rest, reference.generated(BIN), "run tools/reference.py")

    def test_every_verb_is_there_also_those_below_another(self):
        found = [" ".join(words) for words, _ in reference.chapters(BIN / "strata")]
        self.assertEqual(len(found), len(set(found)))
        for verb in ("", "up", "rollout start", "sandbox create", "graph why", "man"):
            self.assertIn(verb, found)


if __name__ == "__main__":
    unittest.main()
