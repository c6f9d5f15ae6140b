"""What one answer says as YAML it says as JSON: no value changes its kind on the way.

The reader of YAML is of schemathesis' environment (tests/e2e/requirements.txt); it knows YAML 1.1, which has more
words for numbers and booleans than 1.2.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from again import ROOT, run_again

if __name__ == "__main__":
    run_again(__file__, "schemathesis")

import yaml  # noqa: E402

STRATA = pathlib.Path(os.environ["STRATA_BIN"]) / "strata"
QUESTIONS = (
    "align zero_trust", "align webassembly", "compare", "compare wasm container", "compare Docker K3s WasmEdge",
    "compare --domain edge", "compare --mapping era", "graph", "graph learn", "graph neighbours kuasar",
    "graph term 沙盒 --lang zh", "model", "model markov --draws 0", "model npv --draws 0 --set years=2",
    "model npv --draws 0 --set years=2 --set wasm.annual_cash_flow=1e15", "recommend --like ecommerce",
    "recommend --set latency_ms=1e30", "roadmap", "versions",
)


def strata(question, form):
    return subprocess.run([STRATA, "--home", "/nonexistent", *question.split(), "-o", form], capture_output=True,
                          text=True, check=True).stdout


def printed(cell):
    """What a program should get of a cell of the facts."""
    if not isinstance(cell, dict):
        return cell
    if "stars" in cell:
        return cell["stars"]
    if "list" in cell:
        return ", ".join(cell["list"])
    if "level" in cell or "unit" in cell:
        return {key: value for key, value in cell.items() if key not in ("raw", "zh", "text")}
    return cell["value"] if cell["value"] is not None else cell["raw"]


class OutputTest(unittest.TestCase):
    def test_every_cell_of_the_matrices_is_printed_as_the_facts_have_it(self):
        facts = yaml.safe_load((ROOT / "src" / "advisor" / "facts" / "matrices.yaml").read_text(encoding="utf-8"))
        cells = 0
        for matrix in facts["matrices"]:
            concepts = list(matrix["rows"])
            report = json.loads(strata(f"compare {' '.join(concepts)} --dimension {matrix['id']}", "json"))
            section = next(each for each in report["sections"] if each["id"] == matrix["id"])
            self.assertEqual([row.pop("attribute") for row in section["rows"]],
                             [column["label"] for column in matrix["columns"]])
            for row, column in zip(section["rows"], matrix["columns"], strict=True):
                self.assertEqual(row, {concept: printed(matrix["rows"][concept][column["key"]]) for concept in concepts},
                                 f"{matrix['id']}: {column['key']}")
                cells += len(row)
        self.assertEqual(cells, 270)

    def test_yaml_says_what_json_says(self):
        nulls = numbers = 0
        for question in QUESTIONS:
            with self.subTest(question):
                text = strata(question, "json")
                self.assertEqual(yaml.safe_load(strata(question, "yaml")), json.loads(text))
                nulls += text.count(": null")
                numbers += text.count("e+30")
        self.assertGreater(nulls, 0, "no question has an answer with a hole")
        self.assertGreater(numbers, 0, "no question has an answer with an exponent")

    def test_what_yaml_has_no_characters_for_is_escaped(self):
        # Of a record, which anybody may have written.
        name = "\x7f\x1b\x80\x9f\u2028\u2029\ufeff\uffff 1e3"
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "record.json"
            file.write_text(json.dumps({
                "schema": "strata.dev/measurements/v2", "measured": "2026-11-27T17:30:00Z", "strata": "x",
                "mode": "full", "seconds": 1, "workload": "hello", "classes": [], "versions": {"runc": name},
                "host": {"kernel": name, "machine": name, "processor": name, "processors": 2, "memory_mib": 1, "load": 0},
                "rows": [{"row": "cold_start", "in": "wasm", "unit": "ms", "samples": [1, 2]}]}))
            report = json.loads(strata(f"measure --show {file}", "json"))
            text = strata(f"measure --show {file}", "yaml")
        self.assertGreaterEqual(json.dumps(report, ensure_ascii=False).count("\x7f"), 4)
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\uffff]")
        self.assertEqual(yaml.safe_load(text), report)


if __name__ == "__main__":
    unittest.main()
