"""`strata report`: what it writes and refuses, and the page in headless Chromium (page/page.test.mjs)."""

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from e2e.support import BIN, DONE, USAGE, WRONG_STATE

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / "tools"
CONCEPTS = ("virtualization", "containerization", "sandboxing", "webassembly", "service_mesh", "policy_engine")
MATRICES = ("isolation", "performance", "security", "resources", "startup", "scenarios", "tech_stack", "ecosystem")
NAME = "strata-report.html"
HOSTILE = "<script>alert(1)</script><img src=http://127.0.0.1:1/>"
RECORD = {"schema": "strata.dev/measurements/v2", "measured": "2026-11-27T17:30:00Z", "strata": "0.1.0", "mode": "quick",
          "seconds": 10, "workload": "hello", "versions": {"runc": HOSTILE},
          "host": {"kernel": HOSTILE, "machine": "x86_64", "processor": "", "processors": 2, "memory_mib": 4096,
                   "load": 0.1},
          "classes": [{"class": "wasm", "first_ms": 2.5, "p50_ms": 0.4, "p99_ms": 0.9, "cpu_ms": 0.1,
                       "memory_mib": 0.7}],
          "rows": [{"row": "cold_start", "in": "wasm", "unit": "ms", "samples": [2.5, 2.4, 2.6, 2.5, 2.4, 2.6]},
                   {"row": "cold_start", "in": "container", "unit": "ms", "samples": [700, 710, 690, 700, 710, 690]},
                   {"row": "cold_start", "in": "microvm", "unit": "ms", "samples": 6 * [24000]},  # on the darkest cell
                   {"row": "warm_start", "in": "wasm", "unit": "ms", "samples": [0.4, 0.4, 0.4, 0.5, 0.4, 0.4]},
                   {"row": "memory", "in": "wasm", "unit": "MiB", "samples": 6 * [0.7]}]}


def strata(*words):
    return subprocess.run([str(BIN / "strata"), "--home", "/nonexistent/strata", *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)


def cells(matrix, language):
    """The rows of a matrix as the page shows them: label, then the cell of each concept."""
    done = strata("compare", *CONCEPTS, "--dimension", matrix, "--lang", language, "-o", "csv")
    return shown(list(csv.reader(io.StringIO(done.stdout))))


def decision_matrix(language):
    """The same of the decision matrix, which `compare` shows among all else."""
    rows = list(csv.reader(io.StringIO(strata("compare", *CONCEPTS, "--lang", language, "-o", "csv").stdout)))
    title = {"en": "technology selection decision matrix", "zh": "技术选型决策矩阵"}[language]
    return shown(rows[next(i for i, row in enumerate(rows) if row and title in row[0]):])


def shown(rows):
    """Of a section of CSV, below title and header, as the page shows cells."""
    table = rows[2:next(i for i, row in enumerate(rows) if not row)]
    stars = {str(n): "★" * n + "☆" * (5 - n) for n in range(1, 6)}
    return [[row[0], *(stars.get(cell, cell) or "–" for cell in row[1:])] for row in table]


class PageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def report(self, *words):
        done = strata("report", "--out", str(self.folder), *words)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""), words)
        return done.stdout

    def refused(self, code, out, *words):
        done = strata("report", "--out", str(out), *words)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        return done.stderr

    def record(self, value):
        file = self.folder / "figures.json"
        file.write_text(json.dumps(value))
        return str(file)

    def test_it_is_one_file_that_replaces_itself_only(self):
        said = self.report()
        self.assertIn(str(self.folder / NAME), said)
        self.assertIn("strata measure", said)
        self.assertEqual(os.listdir(self.folder), [NAME])
        first = (self.folder / NAME).stat().st_ino
        self.report()
        self.assertNotEqual((self.folder / NAME).stat().st_ino, first, "a new file took its place")
        self.assertEqual(os.listdir(self.folder), [NAME])
        (self.folder / NAME).write_text("a letter")
        self.assertIn("not made by 'strata report'", self.refused(WRONG_STATE, self.folder))
        self.assertEqual((self.folder / NAME).read_text(), "a letter")

    def test_what_is_no_folder_is_refused_and_nothing_is_written(self):
        nowhere = self.folder / "a" / "b"
        self.assertIn("no such folder", self.refused(USAGE, nowhere))
        file = self.folder / "file"
        file.write_text("")
        self.assertIn("no such folder", self.refused(USAGE, file))
        (self.folder / NAME).symlink_to(file)
        self.refused(WRONG_STATE, self.folder)
        self.assertEqual(sorted(os.listdir(self.folder)), ["file", NAME])
        self.assertEqual(file.read_text(), "")

    def test_a_record_that_is_none_is_refused(self):
        for bad in ({"classes": [{"class": "wasm", "p50_ms": -1}]}, [], {"classes": [{"class": "<script>"}]}):
            with self.subTest(bad):
                self.refused(USAGE, self.folder, "--record", self.record(bad))
                self.assertEqual(os.listdir(self.folder), ["figures.json"])

    def test_programs_are_told_what_was_written(self):
        told = json.loads(self.report("-o", "json", "--record", self.record(RECORD)))
        self.assertEqual(told["file"], str(self.folder / NAME))
        self.assertEqual(told["bytes"], (self.folder / NAME).stat().st_size)
        self.assertTrue(told["measured"])
        page = (self.folder / NAME).read_text()
        self.assertIn("&lt;script&gt;alert(1)", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("<img", page)

    def test_without_graphviz_the_diagrams_are_lists(self):
        done = subprocess.run([str(BIN / "strata"), "report", "--out", str(self.folder)], env={"PATH": "/nonexistent"},
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        page = (self.folder / NAME).read_text()
        self.assertNotIn('class="diagram"', page)
        self.assertNotIn('class="whole"', page)
        self.assertIn('id="diagram-knowledge_graph-nodes"', page)
        self.assertIn('id="whole-others"', page)

    def test_in_chromium(self):
        chromium = shutil.which("chromium")
        self.assertIsNotNone(chromium, "chromium is not installed: tools/setup")
        tools = subprocess.run([sys.executable, "-B", TOOLS / "node_env.py", "page", HERE / "page"],
                               stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        measured = self.folder / "measured"
        measured.mkdir()
        record = self.record(RECORD)
        self.report()
        self.assertEqual(strata("report", "--out", str(measured), "--record", record).returncode, DONE)
        facts = {language: {"decision": decision_matrix(language),
                            **{matrix: cells(matrix, language) for matrix in MATRICES}} for language in ("en", "zh")}
        (self.folder / "cells.json").write_text(json.dumps(facts))
        whole = json.loads(strata("graph", "-o", "jsonld").stdout)["@graph"]
        (self.folder / "graph.json").write_text(json.dumps([node["label"] for node in whole]))
        done = subprocess.run(["node", "--test", HERE / "page" / "page.test.mjs"], capture_output=True, text=True,
                              timeout=1100, check=False,
                              env={**os.environ, "STRATA_PAGE": str(self.folder / NAME), "STRATA_CHROMIUM": chromium,
                                   "STRATA_PAGE_MEASURED": str(measured / NAME), "STRATA_NODE_TOOLS": tools,
                                   "STRATA_CELLS": str(self.folder / "cells.json"),
                                   "STRATA_GRAPH": str(self.folder / "graph.json")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"# fail 0\n|ℹ fail 0\n")


if __name__ == "__main__":
    unittest.main()
