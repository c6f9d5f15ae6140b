"""The advisor's verbs: without a server, in both languages and every form."""

import csv
import importlib.util
import io
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from e2e.support import BIN, DONE, NO_SERVER, NOT_FOUND, USAGE, WRONG_STATE, ServerTest, hello

NOWHERE = "/nonexistent/strata"  # no server is asked, and none is there


def strata(*words):
    return subprocess.run([str(BIN / "strata"), "--home", NOWHERE, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)


class InstallationTest(ServerTest):
    def test_the_roadmap_shows_what_of_its_stages_is_in_use(self):
        def statuses():
            report = self.server.json("roadmap", "--system", "system")
            return [row["status"] for row in report["sections"][0]["rows"]]

        self.assertEqual(statuses(), 5 * ["not in use"])
        self.server.apply(hello())
        self.assertEqual(statuses(), ["not in use", "not in use", "in use", "not in use", "not in use"])
        milestones = self.server.json("roadmap", "--system", "system_milestones")["sections"][0]["rows"]
        self.assertEqual([row["status"] for row in milestones[::3]], 4 * ["in progress"])
        [monitoring] = (row for row in milestones if row["item"] == "unified monitoring")
        self.assertEqual((monitoring["here"], monitoring["met"]), ("workloads: 1; metrics, traces, logs", "met"))



class DrawnTest(ServerTest):
    def test_the_installation_is_drawn_in_the_three_levels_of_c4(self):
        self.server.apply(hello("drawn", "/drawn"))
        sections = {section["id"]: section["rows"]
                    for section in self.server.json("graph", "--c4", "--system")["sections"]}
        cells = {"cell/" + cell["name"] for cell in self.server.json("status")["cells"]}
        self.assertEqual({row["id"] for row in sections["container"] if row["id"].startswith("cell/")}, cells)
        self.assertIn({"id": "Function/demo/drawn", "label": "drawn", "type": "component", "boundary": "tenant/demo",
                       "is": "Function, class wasm, revision 1"}, sections["component"])
        self.assertIn({"from": "Function/demo/drawn", "relation": "runs in", "to": min(cells)},
                      sections["component_relations"])
        for level, head in (("context", "C4Context\n"), ("container", "C4Container\n"), ("component", "C4Component\n")):
            drawn = self.server.strata("graph", "--c4", "--system", "--level", level, "-o", "mermaid")
            self.assertTrue(drawn.stdout.startswith(head), drawn.stderr)
            self.assertIn("Rel(", drawn.stdout)
        if shutil.which("dot"):
            drawn = self.server.strata("graph", "--c4", "--system", "--level", "component", "-o", "svg")
            picture = xml.etree.ElementTree.fromstring(drawn.stdout)
            self.assertIn("drawn", "".join(picture.itertext()))
        for words in (("--c4",), ("--system",), ("--level", "context"), ("--c4", "--system", "--level", "code"),
                      ("--c4", "--system", "nodes")):
            self.assertNotEqual(self.server.strata("graph", *words).returncode, DONE, words)


class AdvisorTest(unittest.TestCase):
    def answer(self, *words):
        done = strata(*words)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""), words)
        return done.stdout

    def refused(self, code, *words):
        done = strata(*words)
        self.assertEqual((done.returncode, done.stdout), (code, ""), words)
        return done.stderr

    def test_every_verb_in_every_form(self):
        for words in (("roadmap",), ("graph", "learn"), ("graph", "term", "sandbox"), ("versions",), ("align", "wasm"),
                      ("align",), ("compare", "wasm", "container"), ("compare", "Docker", "K3s"), ("compare", "--domain", "edge"),
                      ("compare", "--mapping", "togaf")):
            with self.subTest(words):
                report = json.loads(self.answer(*words, "-o", "json"))
                for section in report["sections"]:
                    keys = {column["key"] for column in section["columns"]}
                    self.assertTrue(section["rows"])
                    for row in section["rows"]:
                        self.assertEqual(set(row), keys)
                self.assertIn(report["title"], self.answer(*words))
                self.assertRegex(self.answer(*words, "-o", "yaml"), f'(?m)^title: "?{re.escape(report["title"])}"?$')
                self.assertTrue(self.answer(*words, "-o", "markdown").startswith("# "))
                self.assertTrue(list(csv.reader(io.StringIO(self.answer(*words, "-o", "csv")))))
                picture = xml.etree.ElementTree.fromstring(self.answer(*words, "-o", "svg"))
                self.assertEqual(picture.tag, "{http://www.w3.org/2000/svg}svg")

    def test_the_locale_is_for_people_and_lang_for_everybody(self):
        def told(locale, *words):
            return subprocess.run([str(BIN / "strata"), "--home", NOWHERE, "roadmap", "stages", *words], timeout=60,
                                  env=locale, capture_output=True, text=True, encoding="utf-8", check=True).stdout

        english = ({}, {"LC_ALL": "C", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN.UTF-8"},
                   {"LC_ALL": "", "LC_MESSAGES": "de_DE", "LANG": "zh_CN.UTF-8"})
        chinese = ({"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "C"},
                   {"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "C", "LANG": "C"})
        for form in ("table", "wide"):
            for locale in english:
                self.assertNotIn("容器化改造", told(locale, "-o", form), locale)
            for locale in chinese:
                self.assertIn("容器化改造", told(locale, "-o", form), locale)
        for form in ("json", "yaml", "markdown", "csv", "svg"):
            self.assertEqual(told(chinese[0], "-o", form), told({}, "-o", form), form)
        self.assertEqual(json.loads(told({}, "-o", "json", "--lang", "zh-CN"))["language"], "zh")
        self.assertNotIn("容器化改造", told(chinese[0], "--lang", "en"))
        self.assertIn("no language 'de'", self.refused(USAGE, "roadmap", "--lang", "de"))

    def test_chinese_is_aligned_and_labels_are_translated(self):
        lines = self.answer("roadmap", "stages", "--lang", "zh").splitlines()
        header = next(line for line in lines if line.startswith("阶段 "))
        self.assertIn("目标", header)
        self.assertIn("容器化改造", "\n".join(lines))

    def test_graphs_are_exported(self):
        words = ("graph", "diagram", "knowledge_graph", "-o")
        self.assertTrue(self.answer(*words, "mermaid").startswith("flowchart TB\n"))
        self.assertTrue(self.answer(*words, "dot").startswith('digraph "knowledge_graph" {'))
        linked = json.loads(self.answer(*words, "jsonld"))
        self.assertEqual(len(linked["@graph"]), 29)
        space = "{http://graphml.graphdrawing.org/xmlns}"
        graph = xml.etree.ElementTree.fromstring(self.answer(*words, "graphml"))
        self.assertEqual(len(graph.findall(f".//{space}node")), 29)
        self.assertEqual(len(graph.findall(f".//{space}edge")), 30)

    @unittest.skipUnless(shutil.which("dot"), "Graphviz's dot is not installed")
    def test_graphs_are_drawn(self):
        for diagram in ("knowledge_graph", "platform_2026"):
            picture = xml.etree.ElementTree.fromstring(
                self.answer("graph", "diagram", diagram, "--lang", "zh", "-o", "svg"))
            self.assertEqual(picture.tag, "{http://www.w3.org/2000/svg}svg")

    def test_without_graphviz_a_picture_is_refused_with_what_to_do(self):
        done = subprocess.run([str(BIN / "strata"), "graph", "diagram", "knowledge_graph", "-o", "svg"], timeout=60,
                              env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (WRONG_STATE, ""))
        self.assertIn("package graphviz", done.stderr)

    def test_the_demo_shows_claims_in_figures_of_both_classes(self):
        rows = [{"class": each, "first_ms": first, "p50_ms": first / 10, "p99_ms": first, "cpu_ms": 0.1,
                 "memory_mib": 2} for each, first in (("wasm", 20), ("container", 300))]
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "figures.json"
            record.write_text(json.dumps({"workload": "hello", "classes": rows}))
            told = self.answer("compare", "wasm", "container", "--record", str(record), "-o", "csv")
        path = pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo.py"
        spec = importlib.util.spec_from_file_location("demo", path)
        demo = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(demo)
        shown, columns = demo.claims(told)
        self.assertEqual(columns[:4], ["CLASS", "QUANTITY", "CLAIMED", "MEASURED"])
        self.assertEqual([row[:4] for row in shown[:2]], [["wasm", "cold start", "1-10 ms", "20 ms"],
                                                          ["container", "cold start", "100-500 ms", "300 ms"]])
        self.assertLessEqual(len(shown), 5)
        self.assertNotIn("the claim is no figure", [row[6] for row in shown])
        self.assertEqual(demo.claims("attribute,wasm,container\n"), ([], []), "nothing was measured")

    def test_measured_values_stand_beside_claims(self):
        row = {"class": "wasm", "first_ms": 20, "p50_ms": 0.4, "p99_ms": 1, "cpu_ms": 0.1, "memory_mib": 2}
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "figures.json"
            record.write_text(json.dumps({"workload": "hello", "classes": [row]}))
            given = json.loads(self.answer("compare", "wasm", "container", "--record", str(record), "-o", "json"))
            (pathlib.Path(folder) / "measurements.json").write_text(record.read_text())
            done = subprocess.run([str(BIN / "strata"), "--home", folder, "compare", "wasm", "container", "-o", "json"],
                                  capture_output=True, text=True, timeout=60, check=False)
            record.write_text('{"classes": [{"class": "wasm"}]}')
            self.assertIn("not a record", self.refused(USAGE, "compare", "wasm", "--record", str(record)))
        self.assertEqual(json.loads(done.stdout), given, "the server's own record is found without a server")
        measured = next(section for section in given["sections"] if section["id"] == "measured")
        self.assertEqual(measured["rows"][0], {
            "class": "wasm", "quantity": "cold start", "claimed": {"min": 1, "max": 10, "unit": "ms"},
            "measured": {"value": 20, "unit": "ms"}, "interval": None, "ratio": 2,
            "verdict": "not decided: one sample, needs 6", "source": "001 §3.5 (matrices.yaml)"})

    def test_a_servers_record_that_cannot_be_read_is_left_out_and_said_to_be(self):
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "measurements.json"
            record.write_text('{"schema": "strata.dev/measurements/v99"}')
            for words, said in (("model npv", True), ("recommend", True), ("recommend --manifest", False)):
                done = subprocess.run([str(BIN / "strata"), "--home", folder, *words.split()],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, DONE, done.stderr)
                self.assertEqual("what was measured here is not shown" in done.stderr, said, words)
            self.refused(USAGE, "recommend", "--manifest", "--record", str(record))

    def test_what_is_not_there_is_refused_with_the_nearest(self):
        self.assertIn("did you mean 'kuasar'?", self.refused(NOT_FOUND, "graph", "neighbours", "kuasr"))
        self.assertIn("did you mean 'risks'?", self.refused(NOT_FOUND, "roadmap", "riks"))
        self.assertIn("did you mean 'webassembly'", self.refused(NOT_FOUND, "compare", "webasembly"))
        self.assertIn("no columns in common", self.refused(USAGE, "compare", "wasm", "Docker"))
        self.assertIn("'a\\x1bb'", self.refused(NOT_FOUND, "compare", "a\x1bb"), "harmless, and escaped once")
        self.refused(NO_SERVER, "roadmap", "--system")
        self.assertIn("no language 'de'", self.refused(USAGE, "roadmap", "--lang", "de"))
        self.assertIn("unknown output format 'pdf'", self.refused(USAGE, "roadmap", "-o", "pdf"))
        self.assertIn("unknown output format 'dot'", self.refused(USAGE, "roadmap", "-o", "dot"))
        self.assertIn("unknown output format 'csv'", self.refused(USAGE, "status", "-o", "csv"))
        self.assertIn("unknown output format 'Md'", self.refused(USAGE, "status", "-o", "Md"))
        for short, form in (("Md", "markdown"), ("YML", "yaml")):
            self.assertEqual(self.answer("roadmap", "-o", short), self.answer("roadmap", "-o", form))

    def test_what_lacks_a_word_is_refused_with_the_verbs_usage(self):
        for words, usage in ((("graph", "why", "kata", "qemu"), "strata graph why from relation to"),
                             (("graph", "diagram"), "strata graph diagram name"), (("report",), "strata report --out"),
                             (("compare", "--mapping", "layer", "--record", "x"), "strata compare [subject]")):
            self.assertIn("usage: " + usage, self.refused(USAGE, *words))

    def test_what_says_nothing_is_refused_with_what_it_may_say(self):
        for words, may in ((("compare", "--domain", ""), "cloud, edge, microservices"), (("compare", "--mapping", ""), "togaf"),
                           (("compare", ""), "What to compare"), (("compare", "wasm", "--dimension", ""), "isolation"),
                           (("recommend", "--like", ""), "cloud_native, edge_iot"), (("recommend", "--from", ""), "manifest"),
                           (("recommend", "--need", ""), "serverless"), (("align", ""), "zero trust"),
                           (("model", ""), "none: all"), (("model", "npv", "--of", ""), "output"),
                           (("graph", "term", ""), "English or Chinese"), (("graph", "nodes", "--type", ""), "concept"),
                           (("roadmap", ""), "stages, milestones"), (("report", "--out", ""), "folder"),
                           (("measure", "--show", ""), "")):
            said = self.refused(USAGE, *words)
            self.assertRegex(said, r"is empty \(", words)
            self.assertIn(may, said)

    def test_what_is_far_from_every_name_is_refused_with_the_names(self):
        for words, there in ((("compare", "--domain", "qqqqqq"), "cloud"), (("compare", "--mapping", "qqqqqq"), "togaf"),
                             (("recommend", "--like", "qqqqqq"), "edge_iot"), (("compare", "qqqqqq"), "'strata compare'"),
                             (("graph", "neighbours", "qqqqqq"), "'strata graph nodes'"),
                             (("graph", "term", "qqqqqq"), "'strata graph term'"), (("graph", "diagram", "qqqqqq"), "penetration"),
                             (("graph", "layer", "qqqqqq"), "'strata graph'"), (("graph", "nodes", "--type", "qqqqqq"), "kernel"),
                             (("graph", "why", "kata", "qqqqqq", "qemu"), "'strata graph'"),
                             (("graph", "learn", "qqqqqq"), "beginner"), (("graph", "doc", "qqqqqq"), "'strata graph doc' lists them"),
                             (("model", "qqqqqq"), "'strata model --list'"), (("align", "qqqqqq"), "zero_trust"),
                             (("roadmap", "qqqqqq"), "stages"), (("recommend", "--need", "qqqqqq"), "serverless"),
                             (("recommend", "--device", "qqqqqq"), "GPU"), (("recommend", "--kernel", "qqqqqq"), "io_uring"),
                             (("recommend", "--weights", "qqqqqq"), "erp"), (("recommend", "--set", "qqqqqq=1"), "latency_ms")):
            self.assertIn(there, self.refused(NOT_FOUND, *words), words)

    def test_an_option_takes_one_word_and_leaves_the_others(self):
        report = json.loads(self.answer("compare", "--dimension", "startup", "wasm", "container", "-o", "json"))
        self.assertEqual([column["key"] for column in report["sections"][0]["columns"]],
                         ["attribute", "wasm", "container"])
        self.assertEqual(report["sections"][0]["id"], "startup")
        both = self.answer("compare", "wasm", "--dimension", "startup", "--dimension", "isolation", "-o", "json")
        self.assertEqual([section["id"] for section in json.loads(both)["sections"]][:2], ["startup", "isolation"])
        self.assertIn("dimensions of what", self.refused(USAGE, "compare", "--dimension", "nosuch"))
        learned = json.loads(self.answer("graph", "learn", "--know", "OPA,Rego", "beginner", "-o", "json"))
        self.assertEqual(len(learned["sections"]), 1)

    def test_what_cannot_be_written_is_said(self):
        for words in (["compare", "wasm"], ["graph", "-o", "json"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([str(BIN / "strata"), "--home", NOWHERE, *words], stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertNotEqual(done.returncode, DONE, words)
            self.assertIn("could not be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
