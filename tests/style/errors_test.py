"""docs/commands.md has every error code with the status and exit code that the code gives it, and every type of problem."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "commands.md").read_text()
CASES = re.compile(r"((?:case Errc::k\w+:\s+)+)(?:return (\w+)|break);")


def text_of(path):
    return (ROOT / path).read_text()


def by_code(text):
    """{"kNotFound": "404"} of a switch over Errc; what breaks is kFailed."""
    return {code: value or "kFailed" for cases, value in CASES.findall(text) for code in re.findall(r"k\w+", cases)}


def sources():
    for folder in ("route", "gateway", "kube/activator"):
        for path in (ROOT / "src" / folder).rglob("*.cc"):
            if not path.stem.endswith("_test") and path.name != "activator.cc":  # whose own port clients never see
                yield path.read_text()


class ErrorsTest(unittest.TestCase):
    def test_codes_have_their_names_statuses_and_exit_codes(self):
        names = dict(re.findall(r"case Errc::(k\w+):\s+return \"(\w+)\";", text_of("src/base/result.cc")))
        statuses = by_code(text_of("src/http/problem.cc").partition("StatusOf(Errc code)")[2].partition("\n}")[0])
        numbers = dict(re.findall(r"^  (k\w+) = (\d)", text_of("apps/strata/exit_code.h"), re.MULTILINE))
        exits = {code: numbers[name] for code, name in by_code(text_of("apps/strata/exit_code.cc")).items()}
        self.assertEqual(len(names), 9)
        rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \| (\d) \|", PAGE, re.MULTILINE)
        self.assertEqual(sorted(rows), sorted((name, statuses[code], exits[code]) for code, name in names.items()),
                         "the table 'Errors of the API' of docs/commands.md")
        listed = re.findall(r"^\| (\d) \| ", PAGE.partition("## Exit codes")[2].partition("\n## ")[0], re.MULTILINE)
        self.assertEqual(listed, sorted(numbers.values()), "the table 'Exit codes' of docs/commands.md")

    def test_each_type_of_problem_is_there_and_no_other(self):
        table = PAGE.partition("## Errors of a call")[2].partition("\nEvery 503")[0]
        said = {name for row in re.findall(r"^\| (`[^|]+`) \| \d", table, re.MULTILINE)
                for name in re.findall(r"`([a-z-]+)`", row)}
        called = r"\b(?:ProblemOf\(\d{3}|TryAgain\(|Unavailable\(),?\s*\"([a-z-]+)\""
        given = {name for text in sources() for name in re.findall(called, text)}
        given.add(re.search(r'kTooBusy = "([a-z-]+)"', text_of("src/route/answer/answer.h")).group(1))
        # These are named by the limit that was hit: ProblemForExit.
        limits = {name for name in said if name.startswith("limit-")}
        self.assertEqual(said - limits, given - limits, "the table 'Errors of a call' of docs/commands.md")
        self.assertIn("limit-request", limits & given)


if __name__ == "__main__":
    unittest.main()
