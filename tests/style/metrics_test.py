"""docs/observability.md lists the metrics that the manager registers, each with its type."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "observability.md"
TYPES = {"GetCounter": "counter", "GetTimeCounter": "counter", "GetGauge": "gauge", "GetHistogram": "histogram",
         "gauge": "gauge"}  # the last is a lambda around GetGauge, where several are set in a row
REGISTERED = re.compile(rf"\b({'|'.join(TYPES)})\(\s*\"(strata_\w+)\"")
NAMED = re.compile(r'"(strata_(?:route|meter|keeper|manager|artifact)_\w+)"')
ROW = re.compile(r"^\| `(strata_\w+)` \| (\w+) \|", re.MULTILINE)


def sources():
    for path in sorted((ROOT / "src").rglob("*.cc")):
        if not path.stem.endswith("_test"):
            yield path.read_text()


class MetricsTest(unittest.TestCase):
    def test_the_page_has_each_metric_with_its_type(self):
        registered = {name: TYPES[function] for text in sources() for function, name in REGISTERED.findall(text)}
        self.assertGreater(len(registered), 30)
        self.assertEqual(dict(ROW.findall(PAGE.read_text())), registered)

    def test_no_metric_is_registered_in_a_way_that_is_not_seen_here(self):
        named = {name for text in sources() for name in NAMED.findall(text)}
        self.assertEqual(named, {name for text in sources() for _, name in REGISTERED.findall(text)})

    def test_names_end_as_their_type_and_unit_ask_for(self):
        for name, kind in ROW.findall(PAGE.read_text()):
            self.assertEqual(name.endswith("_total"), kind == "counter", name)

    def test_other_pages_name_metrics_that_there_are(self):
        known = set(dict(ROW.findall(PAGE.read_text())))
        for page in sorted((ROOT / "docs").rglob("*.md")):
            found = set(re.findall(r"`(strata_(?:route|meter|keeper|manager|artifact)_\w+)[`{]", page.read_text()))
            self.assertLessEqual({name for name in found if not name.endswith("_")}, known, page)


if __name__ == "__main__":
    unittest.main()
