"""With --lang zh people read Chinese: whatever the advisor says, also why it refuses, is walked for sentences that are
English only.

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
import tempfile
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


# What each verb refuses, by what: names that are not there, near ones and far ones, units, settings.
REFUSED = (("compare", "webasembly"), ("compare", "qqqqqqqq"), ("compare", "wasm", "wasm"), ("compare", "wasm", "Docker"),
           ("compare", "wasm", "--dimension", "qqqqqqqq"), ("compare", "Docker", "--dimension", "startup"),
           ("compare", "--dimension", "startup"), ("compare", "--domain", "egde"), ("compare", "--mapping", "togav"),
           ("align", "wasn"), ("align", "qqqqqqqq"), ("recommend", "--set", "latency"), ("recommend", "--set", "latncy_ms=5"),
           ("recommend", "--set", "latency_ms=fast"), ("recommend", "--set", "latency_ms=5 sm"), ("recommend", "--set", "latency_ms=5%"),
           ("recommend", "--set", "latency_ms=-1"), ("recommend", "--set", "isolation_score=2"),
           ("recommend", "--set", "security_requirement=hgh"), ("recommend", "--set", "scenario=a", "--set", "scenario=b"),
           ("recommend", "--set", "latency_ms=5", "--set", "latency_ms=6"), ("recommend", "--need", "qqqqqqqq"),
           ("recommend", "--set", "scenario=edge", "--set", "second_need=service governance"),
           ("recommend", "--device", "qqqqqqqq"), ("recommend", "--kernel", "epol"), ("recommend", "--weights", "qqqqqqqq"),
           ("recommend", "--name", "Not a name"), ("recommend", "--artifact", "app.wasm"), ("recommend", "--artifact", "\udcff"),
           ("recommend", "--manifest", "-o", "csv"),
           ("recommend", "--like", "qqqqqqqq"), ("model", "nvp"), ("model", "qqqqqqqq"), ("model", "npv", "--set", "x"),
           ("model", "npv", "--set", "discont_rate=1"), ("model", "npv", "--set", "discunt=8"),
           ("recommend", "--set", "latency_ms=5sec"), ("measure", "--class", "wsm"), ("measure", "--class", "qqqqqqqq"),
           ("model", "npv", "--set", "discount_rate=1parsec"),
           ("model", "npv", "--set", "discount_rate=-9999999%"), ("model", "npv", "--set", "wasm.initial_investment=5"),
           ("model", "npv", "--set", "years=2.5"), ("model", "npv", "--set", "years=3", "--set", "years=4"),
           ("model", "npv", "--of", "wasm.nvp"), ("model", "npv", "--draws", "99999999"), ("model", "npv", "--spread", "2"),
           ("graph", "neighbours", "kuasr"), ("graph", "nodes", "--type", "technlogy"), ("graph", "diagram", "qqqqqqqq"),
           ("graph", "layer", "qqqqqqqq"), ("graph", "path", "Docker", "Docker"), ("graph", "path", "Docker", "qqqqqqqq"),
           ("graph", "why", "kata", "qqqqqqqq", "qemu"), ("graph", "why", "qemu", "depends-on", "kata"),
           ("graph", "why", "docker", "can-run-on", "istio"), ("graph", "term", "qqqqqqqq"), ("graph", "learn", "qqqqqqqq"),
           ("graph", "learn", "--know", "qqqqqqqq"), ("graph", "doc", "qqqqqqqq"), ("graph", "--c4", "--system", "--level", "compnent"),
           ("roadmap", "qqqqqqqq"), ("report", "--out", "/nonexistent"))
QUOTED = re.compile("'[^']*'")


def refusal(*words, locale=None, language=("--lang", "zh"), path=os.environ["PATH"]):
    environment = os.environ | {"LC_ALL": locale or "C.UTF-8", "PATH": path}
    done = subprocess.run([STRATA, "--home", "/nonexistent", *words, *language], capture_output=True, text=True, check=False,
                          env=environment)
    if done.returncode == 0 or done.stdout:
        raise AssertionError(f"strata {' '.join(words)} is not refused")
    return done.stderr.removeprefix("strata: ").strip()


class RefusalsTest(unittest.TestCase):
    def test_why_nothing_is_answered_is_said_in_chinese(self):
        found = {}
        for words in REFUSED:
            said = refusal(*words)
            text = QUOTED.sub("", said)
            sentence, _, names = text.rpartition("：")  # "没有模型；可用：npv, tco"
            if not CHINESE.search(text) or MIXED.search(sentence or names):
                found[" ".join(words)] = said
        self.maxDiff = None
        self.assertEqual(found, {})

    def test_a_relation_that_nobody_states_is_named_in_chinese(self):
        self.assertEqual(refusal("graph", "why", "qemu", "depends-on", "kata"),
                         "没有文档这样表述：'qemu' 依赖 'kata'；反过来则有文档这样表述")

    def test_a_manifest_that_is_no_question_is_refused_in_chinese(self):
        function = "apiVersion: strata.dev/v1alpha1\nkind: Function\nmetadata: {name: %s}\nspec: {artifact: ./f.wasm}\n"
        route = ("apiVersion: strata.dev/v1alpha1\nkind: Route\nmetadata: {name: r}\n"
                 "spec: {path: /r, backends: [{function: f}]}\n")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "manifest.yaml"
            for text, said in ((route, "其中没有 Function 或 Service"), ("kind: [\n", "清单有误（说明为英文）"),
                               (function % "a" + "---\n" + function % "b", "每次只为一个负载给出建议")):
                file.write_text(text)
                self.assertIn(said, refusal("recommend", "--from", str(file)))

    def test_a_page_or_picture_that_cannot_be_made_is_refused_in_chinese(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "strata-report.html"
            file.write_text("a letter")
            self.assertEqual(refusal("report", "--out", folder), f"'{file}' 已存在，且不是 'strata report' 生成的；请将其移走")
        self.assertIn("未安装（软件包 graphviz）", refusal("graph", "diagram", "knowledge_graph", "-o", "svg", path="/nonexistent"))

    def test_the_nearest_names_are_named(self):
        self.assertEqual(refusal("model", "nvp"), "没有模型 'nvp'；是否指 'npv'？")
        self.assertEqual(refusal("model", "npv", "--set", "discunt=8"), "没有参数 'discunt'；是否指 'discount_rate'？")
        self.assertEqual(refusal("measure", "--class", "wsm"), "没有类别 'wsm'；是否指 'wasm'？")
        self.assertEqual(refusal("measure", "--class", "wsm", language=()), "no class 'wsm'; did you mean 'wasm'?")
        self.assertEqual(refusal("measure", "--class", "quux"),
                         "没有类别 'quux'；可用：appkernel, container, container-in-microvm, microvm, wasm")
        self.assertIn("；是否指 's'？（此处可用单位：", refusal("recommend", "--set", "latency_ms=5sec"))

    def test_the_locale_decides_for_people_only(self):
        self.assertEqual(refusal("model", "nvp", locale="zh_CN.UTF-8", language=()), "没有模型 'nvp'；是否指 'npv'？")
        english = "no model 'nvp'; did you mean 'npv'?"
        self.assertEqual(refusal("model", "nvp", language=()), english)
        self.assertEqual(refusal("model", "nvp", "-o", "json", locale="zh_CN.UTF-8", language=()), english)
        self.assertEqual(refusal("model", "nvp", locale="zh_CN.UTF-8", language=("--lang", "en")), english)


ROOT = pathlib.Path(__file__).parents[2]


def joined(path):
    """A source, its broken texts in one piece."""
    return re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))


class WordsTest(unittest.TestCase):
    """The tables of words have none that nobody is told."""

    def test_every_word_for_a_parameter_is_shown(self):
        words, parts = joined(ROOT / "src/advisor/models/words.cc").split("kParts[]")
        words = re.findall(r'\{\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\s*\}', words)
        parts = re.findall(r'\{\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)"\s*\}', parts)
        self.assertGreater(len(words), 200)
        self.assertGreater(len(parts), 30)
        labels = {}
        for row in ask("model", "--list")["sections"][0]["rows"]:
            sections = ask("model", row["model"], "--draws", "0", language="en")["sections"]
            labels[row["model"]] = {parameter["parameter"]: parameter["label"] for section in sections
                                    if section["id"] == "parameters" for parameter in section["rows"]}

        def shown(model, name, english):
            return any(label.endswith(english) and re.fullmatch(re.escape(name).replace(r"\*", ".+"), parameter)
                       for parameter, label in labels.get(model, {}).items())

        self.assertEqual([row[:2] for row in words if not shown(*row[:3])], [])
        every = {(parameter, label) for of_model in labels.values() for parameter, label in of_model.items()}
        self.assertEqual([name for name, english, _ in parts
                          if not any(name in parameter.split(".") and label.startswith(english + ": ") for parameter, label in every)],
                         [])


    def test_every_kind_of_name_has_its_word_in_refusals(self):
        sources = "".join(joined(path) for folder in ("src/advisor", "apps/strata") for path in (ROOT / folder).rglob("*.cc")
                          if not path.name.endswith("_test.cc"))
        kinds = set(re.findall(r'Names \w+[({]"([^"]+)"', sources))
        self.assertGreater(len(kinds), 20)
        _, _, words = joined(ROOT / "src/advisor/report/refusal.cc").partition("kWords")
        known = set(re.findall(r'Word\{\s*"([^"]*)"', words))
        self.assertEqual(kinds - known, set())
        self.assertEqual(known - kinds, {"unit", "a plain number"})


class ReasonsTest(unittest.TestCase):
    """Why a row was not measured is kept in the record in English, and known by that in Chinese."""

    def test_every_reason_is_said_somewhere(self):
        reasons = joined(ROOT / "src/advisor/measured/reasons.cc")
        known = re.findall(r'Word\{\s*"((?:[^"\\]|\\.)*)"', reasons) + re.findall(r'kFailed = "([^"]*)"', reasons)
        self.assertGreater(len(known), 9)
        sources = [path for folder, name in (("src/measure", "**/*.c*"), ("apps/strata", "**/*.cc")) for path in (ROOT / folder).glob(name)]
        said = "".join(joined(path) for path in sources)
        self.assertEqual([reason for reason in known if reason not in said], [])


if __name__ == "__main__":
    unittest.main()
