"""With --lang zh people read Chinese: whatever the advisor says is walked for sentences that are English only.

A sentence is what has two English words in lower case one after the other; in a text that has Chinese, too, three, so
that no half of a text stays behind. What stays as it is is listed below with its reason; a new text that is forgotten
fails here.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
STRATA = pathlib.Path(os.environ["STRATA_BIN"]) / "strata"
CHINESE = re.compile("[\u3400-\u9fff]")
ENGLISH = re.compile(r"[a-z]{2,}[,;:]? [a-z]{2,}")
MIXED = re.compile(r"(?:[a-z]{2,}[,;:]? ){2,}[a-z]{2,}")
# What a person types.
COMMAND = re.compile(r"'strata [^']*'|strata [a-z]+(?: [a-z_]+)?")

# Columns that quote, name or compute. Formulas and claims are the documents' own signs; what a model's fact
# says and evidence of mappings are quotations with their place; a term stands beside its Chinese;
# titles are those of publications; conditions are of variables as --set takes them, as are units and levels; the others
# are ids and names.
AS_THEY_ARE = {"formula", "class", "claimed", "term", "title", "id", "url", "source", "technologies", "here",
               "stack", "kernel", "diagrams", "document", "file", "documents", "shares", "before", "after", "evidence",
               "unit", "value", "at_from", "at_to", "of", "what", "says", "if", "old", "old_source",
               "new_source"}
ROUTES = ("微服务: microservice sandbox pool, HTTP/gRPC, MicroVM node; WASM 函数: WASM function pool, event stream, "
          "WASM worker node; AI 任务: AI inference sandbox, GPU confidential-computing node")
# Proper names and lists of them that look like sentences.
NAMES = {"wasm, container, appkernel, microvm", "Docker, containerd, Kubernetes, Podman",
         "gVisor, Firecracker, WasmEdge, seccomp", "WasmEdge, wasmtime, WASI, Wasmtime", "Docker, containerd",
         "WasmEdge, wasmtime", "Spark on K8s", "containerization idea", "declarative idea", "elasticity idea",
         "startup.wasm, ms", "wasm.npv, million yuan", "option_value, million yuan",
         # Outputs and levels of models, under the names by which --of and --set know them.
         "rest container", "rest kata", "as printed", "of the gross value", "beginner path", "advanced path", "expert path",
         # A definition that the document has in English only.
         "Wasm shim for containerd",
         # What the documents call pools and nodes, in English in a Chinese drawing; conditions in the words of --set.
         ROUTES, *ROUTES.split("; "), "security_requirement = High or compatibility_requirement = High 是 (security_requirement = High)",
         "very low", "very high", "percentage points"}


# Columns of one word each, which says what something is: English only, it is forgotten, too.
LABELS = {"kind", "type", "dimension", "concept", ("versions", "layer")}
LABELS_THAT_ARE_NAMES = {"WebAssembly"}


def ask(*words, language="zh"):
    done = subprocess.run([STRATA, "--home", "/nonexistent", *words, "-o", "json", "--lang", language], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"strata {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def questions():
    subjects = ask("compare")["sections"][0]["rows"]
    yield ("compare",)
    yield ("compare", "virtualization", "containerization", "sandboxing", "webassembly", "service_mesh", "policy_engine")
    yield ("compare", "wasm", "container", "appkernel", "microvm")
    yield from (("compare", row["id"]) for row in subjects)
    yield from (("compare", "--domain", name)
                for name in ("cloud", "edge", "microservices", "security", "observability"))
    yield from (("compare", "--mapping", name) for name in
                ("layer", "ddd", "togaf", "c4", "era", "tier", "overheads", "kuasar", "launch", "agility", "business", "forecast",
                 "paradigm", "information"))
    yield from (("align", name) for name in ("virtualization", "containerization", "sandboxing", "webassembly",
                                             "service_mesh", "policy_engine"))
    yield ("recommend",)
    yield ("recommend", "--set", "security_requirement=High", "--set", "latency_ms=50", "--set", "can_refactor=true",
           "--set", "performance_requirement=High", "--set", "function_type=true", "--set", "scenario=edge", "--set",
           "compatibility_requirement=Low", "--need", "edge", "--device", "usb", "--kernel", "io_uring", "--weights",
           "iot_edge")
    yield from (("recommend", "--like", name)
                for name in ("cloud_native", "edge_iot", "security_finance", "ecommerce", "finance", "edge_ai"))
    yield from (("versions",), ("roadmap",), ("graph",), ("graph", "nodes"), ("graph", "term"), ("graph", "learn"),
                ("graph", "doc"), ("graph", "neighbours", "kuasar"), ("graph", "path", "Docker", "WasmEdge"),
                ("graph", "why", "kata", "depends-on", "qemu"))
    diagrams, layers = ask("graph")["sections"][:2]
    yield from (("graph", "diagram", row["id"]) for row in diagrams["rows"])
    yield from (("graph", "layer", row["id"]) for row in layers["rows"])
    yield ("model", "--list")
    yield from (("model", row["model"], "--draws", "20") for row in ask("model", "--list")["sections"][0]["rows"])


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)


def texts(report):
    """Every text of a report, with where it is."""
    yield "title", report["title"]
    yield from (("note", note) for note in report["notes"])
    for section in report["sections"]:
        yield "section", section["title"]
        yield from (("column", column["label"]) for column in section["columns"])
        yield from (("note", note) for note in section["notes"])
        yield from (("plot", text) for text in strings(section.get("plot", {})))
        for row in section["rows"]:
            yield from ((key, text) for key, value in row.items() for text in strings(value))


def is_english(text):
    sentence = MIXED if CHINESE.search(text) else ENGLISH
    return sentence.search(COMMAND.sub("", text)) is not None


def forgotten(report):
    return {f"{where}: {text}" for where, text in texts(report)
            if where not in AS_THEY_ARE and text not in NAMES and is_english(text)}


def unlabelled(report):
    return {f"{section['id']} {key}: {text}" for section in report["sections"] for row in section["rows"]
            for key, value in row.items() if key in LABELS or (section["id"], key) in LABELS
            for text in strings(value) if not CHINESE.search(text) and text not in LABELS_THAT_ARE_NAMES}


class ChineseTest(unittest.TestCase):
    def test_no_sentence_is_english_only(self):
        asked = 0
        found = {}
        for words in questions():
            asked += 1
            report = ask(*words)
            for text in forgotten(report) | unlabelled(report):
                found.setdefault(text, " ".join(words))
        self.assertGreater(asked, 150)
        self.maxDiff = None
        self.assertEqual(found, {})

    def test_what_is_forgotten_is_found(self):
        section = {"title": "节", "columns": [], "notes": ["only an English note", "见 'strata model' 与 strata compare wasm"],
                   "rows": [{"why": "as it was said"}, {"claimed": "as it was"}, {"origin": "假设：no cap is given"}]}
        self.assertEqual(forgotten({"title": "标题", "notes": [], "sections": [section]}),
                         {"note: only an English note", "why: as it was said", "origin: 假设：no cap is given"})

    def test_a_label_of_one_word_is_found(self):
        rows = [{"kind": "ratio", "id": "density"}, {"kind": "比值"}, {"layer": "kernel"}]
        self.assertEqual(unlabelled({"sections": [{"id": "models", "rows": rows}, {"id": "versions", "rows": rows[2:]}]}),
                         {"models kind: ratio", "versions layer: kernel"})


class ReasonsTest(unittest.TestCase):
    """Why a row was not measured is kept in the record in English, and known by that in Chinese."""

    def test_every_reason_is_said_somewhere(self):
        root = pathlib.Path(__file__).parents[2]

        def joined(path):
            return re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))

        reasons = joined(root / "src/advisor/measured/reasons.cc")
        known = re.findall(r'Word\{\s*"((?:[^"\\]|\\.)*)"', reasons) + re.findall(r'kFailed = "([^"]*)"', reasons)
        self.assertGreater(len(known), 9)
        sources = [path for folder, name in (("src/measure", "**/*.c*"), ("apps/strata", "**/*.cc")) for path in (root / folder).glob(name)]
        said = "".join(joined(path) for path in sources)
        self.assertEqual([reason for reason in known if reason not in said], [])


if __name__ == "__main__":
    unittest.main()
