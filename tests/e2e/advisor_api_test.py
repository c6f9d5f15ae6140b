"""The advisor over the API: the reports of the verbs, in every form, and never in the manager's way."""

import json
import pathlib
import select
import shutil
import tempfile
import threading
import time
import unittest
import urllib.parse

from e2e.support import ARTIFACTS, DONE, ServerTest, UnixConnection, hello

REPORT_TYPES = {"json": "application/json", "yaml": "application/yaml", "table": "text/plain",
                "markdown": "text/markdown", "csv": "text/csv", "svg": "image/svg+xml"}
MANIFEST_TYPES = {"json": "application/json", "yaml": "application/yaml"}
GRAPH_TYPES = {"yaml": "application/yaml", "mermaid": "text/vnd.mermaid", "dot": "text/vnd.graphviz", "jsonld": "application/ld+json",
               "graphml": "application/graphml+xml"}
# Path and query of a question, and the verb that asks the same.
SAME = (("compare?subject=wasm&subject=container&dimension=startup", "compare wasm container --dimension startup"),
        ("compare", "compare"), ("domains/edge", "compare --domain edge"),
        ("mappings/togaf", "compare --mapping togaf"), ("align", "align"), ("align/webassembly", "align webassembly"),
        ("recommend?set=security_requirement=High&set=latency_ms=50&need=edge&device=usb&kernel=io_uring"
         "&weights=iot_edge", "recommend --set security_requirement=High --set latency_ms=50 --need edge --device usb "
         "--kernel io_uring --weights iot_edge"),
        ("recommend/manifest?set=security_requirement=High&name=taken&artifact=oci:./taken",
         "recommend --set security_requirement=High --name taken --artifact oci:./taken --manifest"),
        ("cases/ecommerce", "recommend --like ecommerce"), ("models", "model --list"),
        ("models/npv?set=discount_rate=8%25&of=wasm.npv&draws=200&seed=7&spread=0.2",
         "model npv --set discount_rate=8% --of wasm.npv --draws 200 --seed 7 --spread 0.2"),
        ("graph", "graph"), ("graph/nodes?type=technology", "graph nodes --type technology"),
        ("graph/diagrams/knowledge_graph", "graph diagram knowledge_graph"),
        ("graph/layers/runtime_management_layer", "graph layer runtime_management_layer"),
        ("graph/nodes/kuasar", "graph neighbours kuasar"),
        ("graph/path?from=Docker&to=WasmEdge", "graph path Docker WasmEdge"),
        ("graph/why?from=kata&relation=depends-on&to=qemu", "graph why kata depends-on qemu"),
        ("system?level=context", "graph --c4 --system --level context"),
        ("graph/terms?term=sandbox", "graph term sandbox"),
        ("graph/learning?path=advanced&know=OPA&know=Rego", "graph learn advanced --know OPA,Rego"),
        ("graph/documents?goal=service+mesh", "graph doc|service mesh"), ("versions", "versions"),
        ("roadmap?part=stages&part=risks", "roadmap stages risks"),
        ("roadmap?part=system&system=true", "roadmap --system system"))
# What is refused, how, and what its answer names.
REFUSED = (("compare?subject=webasembly", 404, "did you mean 'webassembly'"),
           ("compare?subject=wasm&subject=wasm", 400, "is there twice"),
           ("compare?subject=wasm&dimension=startp", 404, "startup"),
           ("compare?subjct=wasm", 400, "did you mean 'subject'?"),
           ("compare?" + "&".join(65 * ["subject=wasm"]), 400, "more than 64 times"),
           ("domains/egde", 404, "edge"), ("mappings/togav", 404, "togaf"), ("align/wasn", 404, "Wasm"),
           ("recommend?set=latency", 400, "VARIABLE=VALUE"), ("recommend?set=latncy_ms=5", 404, "latency_ms"),
           ("recommend?name=A_B", 400, "name"), ("cases/ecomerce", 404, "ecommerce"), ("models/nvp", 404, "npv"),
           ("models/npv?set=discont_rate=1", 404, "discount_rate"), ("models/npv?of=wasm.nvp", 404, "wasm.npv"),
           ("models/npv?set=discount_rate=1parsec", 400, "unit"), ("models/npv?draws=10001", 400, "up to 10000"),
           ("models/npv?seed=-1", 400, "seed"), ("models/npv?spread=2", 400, "spread"),
           ("graph/nodes/kuasr", 404, "kuasar"), ("graph/nodes?type=technlogy", 404, "technology"),
           ("graph/path?from=Docker", 400, "to is missing"), ("graph/why?from=kata&to=qemu", 400, "relation is missing"),
           ("graph/learning?path=beginer", 404, "beginner"), ("roadmap?part=riks", 404, "risks"),
           ("roadmap?system=yes", 400, "true or false"), ("roadmap?lang=de", 400, "no language"), ("roadmap?lang=zh-CN", 400, "no language"),
           ("system?level=compnent", 404, "component"),
           ("roadmap?format=pdf", 400, "(json, yaml, table, markdown, csv, svg)"),
           ("recommend/manifest?format=csv", 400, "(json, yaml)"), ("recommend/manifest?set=x", 400, "VARIABLE=VALUE"),
           ("system?format=svg", 400, "dot"), ("models/nvp?lang=zh", 404, "没有模型 'nvp'；是否指 'npv'？"),
           ("nothing", 404, "no such path"))

# All that a record has to have, but rows.
MEASURED = {"schema": "strata.dev/measurements/v2", "measured": "2026-11-28T10:00:00Z", "strata": "0.1.0",
            "mode": "quick", "seconds": 10, "host": {"kernel": "6.1", "machine": "x86_64", "processor": "one",
                                                    "processors": 2, "memory_mib": 8000, "load": 0},
            "versions": {}, "workload": "hello", "classes": []}


class Asking(ServerTest):
    def ask(self, question, accept=None):
        connection = UnixConnection(self.server.home / "run" / "api.sock")
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/advisor/" + question, headers={} if accept is None else {"Accept": accept})
        return connection.getresponse()


class MeasuredTest(Asking):
    """On a server of its own: a record is added to, not taken back."""

    def test_what_was_measured_is_judged_as_its_verb_does(self):
        answer = self.ask("measured")
        self.assertEqual(answer.status, 409, "of what has no samples nothing is said")
        self.assertIn("measure", json.loads(answer.read())["detail"])
        record = MEASURED | {"rows": [{"row": "cold_start", "in": "wasm", "unit": "ms", "samples": 9 * [20]}]}
        self.assertEqual(self.server.api("PUT", "/v1/measurements", record).status, 200)
        file = self.server.home / "record.json"
        file.write_text(json.dumps(record))
        for language in ("en", "zh"):
            report = json.loads(self.ask("measured?lang=" + language).read())
            self.assertEqual(report, self.server.json("measure", "--show", str(file), "--lang", language))
        schema = json.loads(self.server.api("GET", "/openapi.json").body)["components"]["schemas"]["Report"]
        section = schema["properties"]["sections"]["items"]["properties"]
        for each in report["sections"]:
            self.assertLessEqual(set(each), set(section))
        plots = {each["plot"]["kind"] for each in report["sections"] if "plot" in each}
        self.assertIn("intervals", plots)
        self.assertLessEqual(plots, set(section["plot"]["properties"]["kind"]["enum"]))
        judged = next(each for each in report["sections"] if each["id"] == "measured")["rows"][0]
        self.assertEqual((judged["claimed"]["max"], judged["measured"]["value"], judged["ratio"], judged["verdict"]),
                         (10, 20, 2, "高于所称"))
        for question, verb, section in (
                ("recommend?set=latency_ms=5", "recommend --set latency_ms=5", "kept"),
                ("models/startup_contract?draws=200", "model startup_contract --draws 200", "contracts")):
            report = json.loads(self.ask(question).read())
            self.assertEqual(report, self.server.json(*verb.split(), "--record", str(file)))
            rows = next(each for each in report["sections"] if each["id"] == section)["rows"]
            self.assertTrue(any("wasm" in row.values() for row in rows), section)
        self.drifts_from(record, file)

    def drifts_from(self, record, file):
        """Of an earlier record, which is sent, and the server's own."""
        earlier = record | {"rows": [record["rows"][0] | {"samples": 9 * [40]}]}
        before = self.server.home / "earlier.json"
        before.write_text(json.dumps(earlier))
        for form in ("json", "csv"):
            told = self.server.api("POST", f"/v1/advisor/drift?lang=zh&format={form}", earlier)
            self.assertEqual(told.status, 200)
            verb = self.server.strata("measure", "--compare", str(before), str(file), "--lang", "zh", "-o", form).stdout
            if form == "json":
                self.assertEqual(json.loads(told.body), json.loads(verb))
                row, = json.loads(verb)["sections"][0]["rows"]
                self.assertEqual((row["in"], row["older"]["value"], row["newer"]["value"], row["ratio"]), ("wasm", 40, 20, 0.5))
            else:
                self.assertEqual(told.body.decode(), verb)
        later = self.server.api("POST", "/v1/advisor/drift", earlier | {"schema": "strata.dev/measurements/v9"})
        self.assertEqual(later.status, 400)
        self.assertEqual(self.server.api("POST", "/v1/advisor/drift", {"classes": []}).status, 409)
        self.assertEqual(self.server.api("GET", "/v1/advisor/drift").status, 405)


class AdvisorApiTest(Asking):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello())

    def test_every_question_has_the_answer_of_its_verb(self):
        for question, verb in SAME:
            with self.subTest(question):
                words, _, last = verb.partition("|")
                answer = self.ask(question)
                self.assertEqual(answer.status, 200)
                self.assertEqual(json.loads(answer.read()),
                                 self.server.json(*words.split(), *([last] if last else [])))

    def test_no_answer_advises_what_the_api_has_not(self):
        for question in ("compare?subject=wasm&dimension=startup", "cases/ecommerce", "domains/edge"):
            self.assertNotIn(" --", self.ask(question + ("&" if "?" in question else "?") + "format=table").read().decode())

    def test_every_path_of_the_document_is_asked_here(self):
        paths = json.loads(self.server.api("GET", "/openapi.json").body)["paths"]
        documented = sorted(path for path in paths if path.startswith("/v1/advisor/"))
        asked = {question.partition("?")[0] for question, _ in SAME} | {"measured", "drift", "report"}
        self.assertEqual(len(documented), len({self.pattern_of(each, documented) for each in asked}))

    def pattern_of(self, path, documented):
        """A literal path before one with a variable."""
        words = ["v1", "advisor", *path.split("/")]
        fits = [each for each in documented if len(each.split("/")) == len(words) + 1
                and all(part in (word, f"{{{part[1:-1]}}}") for part, word in zip(each.split("/")[1:], words))]
        self.assertTrue(fits, path)
        return min(fits, key=lambda each: each.count("{"))

    def test_a_form_is_asked_for_by_the_query_or_by_accept(self):
        drawn = {"svg": "image/svg+xml"} if shutil.which("dot") else {}
        for question, types in (("roadmap?part=risks", REPORT_TYPES), ("graph/nodes/kuasar", GRAPH_TYPES | drawn),
                                ("system", GRAPH_TYPES), ("recommend/manifest?name=taken", MANIFEST_TYPES)):
            for form, kind in types.items():
                joined = question + ("&" if "?" in question else "?")
                by_query, by_accept = self.ask(f"{joined}format={form}"), self.ask(question, kind)
                self.assertEqual((by_query.status, by_query.headers.get_content_type()), (200, kind), form)
                self.assertEqual(by_accept.headers.get_content_type(), kind)
                body = by_query.read()
                self.assertTrue(body)
                self.assertEqual(body, by_accept.read(), form)
        self.assertEqual(self.ask("roadmap?format=csv", "text/markdown").headers.get_content_type(), "text/csv")
        self.assertEqual(self.ask("roadmap", "text/html, */*;q=0.1").headers.get_content_type(), "application/json")
        refused = self.ask("roadmap", "text/html")
        self.assertEqual((refused.status, refused.headers.get_content_type()), (406, "application/problem+json"))

    def test_what_is_sent_is_what_the_verb_prints(self):
        for question, words in (("models/npv?draws=0", "model npv --draws 0"),
                                ("graph/diagrams/knowledge_graph", "graph diagram knowledge_graph"),
                                ("recommend/manifest?name=taken", "recommend --name taken --manifest")):
            for form in ("yaml", "svg"):
                if form == "svg" and ("manifest" in words or not shutil.which("dot")):
                    continue
                joined = question + ("&" if "?" in question else "?")
                self.assertEqual(self.ask(f"{joined}format={form}").read().decode(),
                                 self.server.strata(*words.split(), "-o", form).stdout)

    def test_the_page_is_the_one_that_the_verb_writes(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-page."))
        self.addCleanup(shutil.rmtree, folder)
        self.assert_exit(self.server.strata("report", "--out", str(folder), "--lang", "zh"), DONE)
        page = self.ask("report?lang=zh", "text/html")
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(page.read(), (folder / "strata-report.html").read_bytes())
        self.assertEqual(self.ask("report", "application/json").status, 406)

    @unittest.skipIf(shutil.which("dot"), "Graphviz is installed")
    def test_without_graphviz_a_picture_is_refused(self):
        answer = self.ask("graph/nodes/kuasar?format=svg")
        self.assertEqual(answer.status, 409)
        self.assertIn("package graphviz", json.loads(answer.read())["detail"])

    def test_a_manifest_that_is_recommended_can_be_applied(self):
        artifact = urllib.parse.quote(str(ARTIFACTS / "hello-module.wasm"))
        manifest = self.ask("recommend/manifest?set=performance_requirement=High&set=function_type=true"
                            f"&set=latency_ms=5&name=on&artifact={artifact}&format=yaml").read().decode()
        dry = self.server.strata("apply", "--dry-run", "-f", "-", stdin=manifest)
        self.assert_exit(dry, DONE, "default/on")

    def test_both_languages(self):
        report = json.loads(self.ask("models/npv?lang=zh&draws=0").read())
        self.assertEqual(report["language"], "zh")
        self.assertIn("参数", [section["title"] for section in report["sections"]])
        word = urllib.parse.quote("沙盒")
        self.assertTrue(json.loads(self.ask(f"graph/terms?term={word}").read())["sections"][0]["rows"])

    def test_what_is_wrong_is_refused_with_the_nearest(self):
        for question, status, part in REFUSED:
            with self.subTest(question):
                answer = self.ask(question)
                problem = json.loads(answer.read())
                self.assertEqual(answer.status, status, problem)
                self.assertEqual(answer.headers.get_content_type(), "application/problem+json")
                self.assertIn(part, problem["detail"])
        self.assertEqual(self.server.api("POST", "/v1/advisor/compare").status, 405)

    def test_what_was_measured_stands_beside_claims(self):
        row = {"class": "wasm", "first_ms": 20, "p50_ms": 0.4, "p99_ms": 1, "cpu_ms": 0.1, "memory_mib": 2}
        self.assertEqual(self.server.api("PUT", "/v1/measurements", {"workload": "hello", "classes": [row]}).status, 200)
        sections = json.loads(self.ask("compare?subject=wasm").read())["sections"]
        measured = next(section for section in sections if section["id"] == "measured")
        self.assertEqual((measured["rows"][0]["measured"], measured["rows"][0]["verdict"]),
                         ({"value": 20, "unit": "ms"}, "not decided: one sample, needs 6"))

    def test_many_questions_at_once_are_answered_or_refused_and_hold_nobody_up(self):
        # More than are let wait; each computes for longer than anything else here.
        done = []
        started = threading.Barrier(41)

        def ask():
            connection = UnixConnection(self.server.home / "run" / "api.sock")
            started.wait()
            connection.request("GET", "/v1/advisor/models/npv?draws=10000")
            answer = connection.getresponse()
            done.append((time.monotonic(), answer.status, json.loads(answer.read())))
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(40)]
        for thread in threads:
            thread.start()
        started.wait()
        answered = 0
        while threads[0].is_alive() or len(done) < 40:
            self.assertEqual(self.server.api("GET", "/healthz").status, 200)
            answered += 1
        for thread in threads:
            thread.join()
        statuses = [status for _, status, _ in done]
        self.assertEqual(set(statuses) - {200, 429}, set())
        self.assertGreaterEqual(statuses.count(200), 16)
        self.assertIn(429, statuses)
        self.assertEqual(len({json.dumps(body) for _, status, body in done if status == 200}), 1)
        self.assertGreater(answered, statuses.count(200), "the manager waited for the advisor")

    def test_who_looks_something_up_does_not_wait_for_who_draws(self):
        drawing = []
        for seed in range(16):  # as many as may wait for who draws
            connection = UnixConnection(self.server.home / "run" / "api.sock")
            connection.request("GET", f"/v1/advisor/models/lotka_volterra?draws=10000&seed={seed}")
            drawing.append(connection)
        self.assertEqual(self.server.api("GET", "/v1/advisor/graph/path?from=Docker&to=WasmEdge").status, 200)
        waiting, _, _ = select.select([connection.sock for connection in drawing], [], [], 0)
        self.assertLess(len(waiting), len(drawing), "all models were answered first")
        # Nor is one drawing told only when all have ended.
        drawing[0].getresponse().read()
        waiting, _, _ = select.select([connection.sock for connection in drawing[1:]], [], [], 0)
        self.assertLess(len(waiting), len(drawing) - 1, "all were answered at once")
        for connection in drawing:
            connection.close()


if __name__ == "__main__":
    unittest.main()
