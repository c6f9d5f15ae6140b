"""What docs/requirements.md calls "shown" is shown: each such requirement's own words and figures, in the answer of a
verb, in one row of a section of it.

A row that lost a cell, or says something else in it, is not found; one that is gone neither.
"""

import functools
import json
import os
import pathlib
import re
import subprocess
import unittest

STRATA = pathlib.Path(os.environ["STRATA_BIN"]) / "strata"
PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "requirements.md"
SHOWN = re.compile(r"^\| (\d+) \| .* \| shown \| ", re.MULTILINE)
CONCEPTS = ("virtualization", "containerization", "sandboxing", "webassembly", "service_mesh", "policy_engine")


def span(least, most, unit):
    return {"min": least, "max": most, "unit": unit}


def below(most, unit):
    return {"max_exclusive": most, "unit": unit}


def value(number, unit):
    return {"value": number, "unit": unit}


def tiers(key, **cells):
    return ("compare --mapping tier", "mapping", {"row": key, **cells})


def overheads(tier, startup, memory, density):
    return ("compare --mapping overheads", "mapping",
            {"row": tier, "startup": startup, "memory": memory, "density": density})


def matrix(name, attribute, *cells):
    """A row of a matrix: its cells by concept, in the order of CONCEPTS."""
    return (f"compare {' '.join(CONCEPTS)} --dimension {name}", name,
            {"attribute": attribute, **dict(zip(CONCEPTS, cells, strict=True))})


def stack(row, **cells):
    return (f"recommend --need {row}", "stacks", cells)


def effect(case, **cells):
    return (f"recommend --like {case}", "effects", cells)


def figure(name, **cells):
    return ("versions", "figures", {"figure": name, **cells})


def version(technology, stated, features):
    return ("versions", "versions", {"technology": technology, "stated": stated, "features": features})


def mapping(symbol, **cells):
    return ("versions", "mappings", {"symbol": symbol, **cells})


def done(task, what):
    return ("versions", "next_steps", {"task": task, "done": what})


def roadmap(section, **cells):
    return ("roadmap", section, cells)


def items(section, kind, *texts):
    return [roadmap(section, kind=kind, text=text) for text in texts]

# Of each number what is looked for: a question, a section of its answer, and cells of one row there; without a section
# a note of the whole answer.
SHOWN_ROWS = {
    45: [overheads("traditional virtual machine", span(30, 60, "s"), span(2048, 4096, "MB"),
                   span(10, 50, "instances/server")),
         overheads("standard container", span(1, 3, "s"), span(100, 500, "MB"), span(100, 500, "instances/server")),
         overheads("lightweight sandbox (Kata)", span(200, 500, "ms"), span(20, 50, "MB"),
                   span(1000, 2000, "instances/server")),
         overheads("WASM sandbox", below(10, "ms"), below(1, "MB"), span(100_000, None, "instances/server"))],
    46: [tiers("memory overhead", sandbox=span(10, 50, "MB"), wasm=below(1, "MB")),
         tiers("deployment density", vm={"level": "low", **span(10, 100, "instances/host")},
               container={"level": "medium", **span(100, 1000, "instances/host")},
               sandbox={"level": "high", **span(1000, 5000, "instances/host")},
               wasm={"level": "very high", **span(100_000, None, "instances/host")}),
         tiers("performance loss", vm=span(5, 15, "%"), container=below(5, "%"), sandbox=span(3, 8, "%"),
               wasm="close to native")],
    47: [matrix("performance", "startup time", span(10, 60, "s"), span(100, 500, "ms"), span(10, 100, "ms"),
                span(1, 10, "ms"), span(1, 5, "s"), span(10, 100, "ms")),
         matrix("performance", "memory use", span(512, 4096, "MB"), span(10, 100, "MB"), span(5, 50, "MB"),
                span(1, 10, "MB"), span(50, 200, "MB"), span(10, 50, "MB")),
         matrix("performance", "CPU overhead", span(5, 15, "%"), span(1, 5, "%"), span(0.5, 3, "%"),
                span(0.1, 1, "%"), span(2, 10, "%"), span(0.5, 2, "%")),
         matrix("performance", "performance loss", span(5, 15, "%"), span(1, 5, "%"), span(0.5, 3, "%"),
                span(0.1, 1, "%"), span(2, 10, "%"), span(0.5, 2, "%"))],
    48: [matrix("startup", "cold start", span(10, 60, "s"), span(100, 500, "ms"), span(10, 100, "ms"),
                span(1, 10, "ms"), span(1, 5, "s"), span(10, 100, "ms")),
         matrix("startup", "warm start", span(5, 30, "s"), span(50, 200, "ms"), span(5, 50, "ms"),
                span(0.5, 5, "ms"), span(0.5, 2, "s"), span(5, 50, "ms")),
         matrix("startup", "warm-up time", span(30, 120, "s"), span(1, 5, "s"), span(100, 500, "ms"),
                span(10, 100, "ms"), span(5, 10, "s"), span(50, 200, "ms"))],
    49: [effect("edge_iot", text="WebAssembly memory below 10 MB"),
         effect("edge_iot", text="WebAssembly start below 10 ms")],
    50: [stack("resource_constrained", stack="K3s + WasmEdge + sqlite", target="memory < 300 MB")],
    53: [stack("ai_inference", stack="K3s + WasmEdge + GPU", target="inference latency < 50 ms")],
    54: [stack("ai_inference", need="AI inference", target="GPU acceleration (pass-through, performance > 98 %)"),
         stack("dl_training", need="deep-learning training", target="GPU performance > 95 %",
               device="GPU (pass-through)"),
         stack("dl_training", need="deep-learning training",
               target="GPU pass-through, several OSes, performance > 95 %")],
    55: [stack("high_concurrency_network", target="epoll latency 100 ns", kernel="epoll (required)"),
         stack("high_performance_database", target="io_uring latency 50 ns", kernel="io_uring (required)")],
    56: [stack("policy_execution", stack="OPA-Wasm + Gatekeeper", target="evaluation latency < 1 ms")],
    58: [figure("OPA mean latency", new=0.8, unit="ms"),
         figure("OPA P99 latency", new=4, unit="ms"),
         figure("OPA determinism sample size", new=8e7, unit="decisions")],
    59: [version("WasmEdge", "0.14", "cold start < 1 ms"),
         version("Linkerd", "2.16", "rewritten in Rust, start-up < 100 ms"),
         version("containerd", "2.0", "start-up time -30 %")],
    60: [version("K3s", "1.30", "built-in WasmEdge driver, resource use -60 %"),
         version("Istio", "1.21", "Ambient Mesh, production ready, no sidecar, resource use -60 %; Wasm plugins "
                                  "(WasmEdge), policy execution x3"),
         version("Gatekeeper", "3.15", "Wasm engine, policy evaluation x3"),
         mapping(None, new="3,000,000,000 operations a day; scheduling latency, 99.999 %, < 3 s; ~400 MB declarative "
                           "files; Kubernetes 1.30 supports dual runtimes (runc + WasmEdge); edge-node resource use "
                           "-60 %")],
    61: [mapping("Ψ₃", new_source="AWS Lambda 2025",
                 new="1.5e12 calls per day; escapes: 0; WasmEdge 0.14 cold start < 1 ms; WasmEdge 0.14 added to the "
                     "mapping definition")],
    68: [("compare --mapping information", "mapping", {"row": "centralized", "era": "virtualization"}),
         ("compare --mapping information", "mapping", {"row": "distributed", "era": "containerization"}),
         ("compare --mapping information", "mapping", {"row": "flowing", "era": "wasm"}),
         *[("model data_sync_mechanism", "stated", {"of": "data synchronisation mechanism", "what": kind, "says": says})
           for kind, says in (("Centralized", "ETL"), ("Distributed", "Streaming"), ("Flowing", "Event_Stream"))]],
    93: [("model domain_model", "symbols", {"symbol": symbol, "meaning": meaning})
         for symbol, meaning in (("Aggregates", "set of aggregate roots"), ("Events", "set of domain events"),
                                 ("Boundaries", "set of bounded contexts"))],
    149: [("align", "goals", {"kind": "goal", "what": goal, "source": "003 §00.1"})
          for goal in ("quick cognition", "clear concepts", "several views")],
    153: [done("add AI/ML architecture chapter", "LLM inference integrated with container orchestration, WasmEdge + "
               "Llama2, Kubeflow, KServe, MLflow and similar architectures, AI/ML architecture trends 2025 and typical "
               "cases"),
          done("add edge-computing chapter", "5G MEC architecture, K3s + WasmEdge, KubeEdge, OpenYurt, SuperEdge and "
               "similar architectures, edge-computing trends 2025 and production cases")],
    157: [roadmap("recommendations", years="2025", recommend="containerization + sandboxing mixed",
                  reason="balances performance, security, cost", focus="build the unified management platform"),
          roadmap("recommendations", years="2026 - 2027", recommend="WASM pilot + hybrid architecture",
                  reason="explore new technology at lower risk", focus="build the WASM ecosystem"),
          roadmap("recommendations", years="2028+", recommend="WASM first + event driven",
                  reason="extreme performance, cost optimisation", focus="fully cloud native")],
    159: [roadmap("milestones", name="WASM pilot", item="build the development toolchain"),
          roadmap("milestones", name="WASM pilot", item="pilot edge-computing scenarios"),
          roadmap("milestones", name="sandbox enhancement", item="reach security compliance")],
    160: [*items("organisation", "skills", "sandbox technology stack", "WASM development ability",
                 "event-driven architecture design"),
          *items("organisation", "teams", "platform team", "operations team", "security team"),
          *items("organisation", "processes", "DevOps process", "security audit process",
                 "monitoring and alerting process")],
    161: [*items("risk_control", "technical", "verify technology selection", "performance tests", "security tests"),
          *items("risk_control", "business", "business continuity", "rollback plan", "emergency plan"),
          *items("risk_control", "organisational", "team ability building", "knowledge transfer", "cultural change")],
    162: [*items("risks", "risk", "ecosystem lock-in: large Docker ecosystem, high migration cost",
                 "talent gap: too few Rust/C++ WASM developers",
                 "hard to debug: immature WASM symbol tables and profiling",
                 "security doubts: new attack surface (WASM runtime vulnerabilities)"),
          *items("risks", "countermeasure", "incremental change: containers for the existing, WASM for the new",
                 "hybrid architecture: unified orchestration by Kubernetes, lower switching risk",
                 "invest in the toolchain: WASM debugging and monitoring early")],
    163: [roadmap("stages", stage="long term", technologies="WASM first", output="event driven + edge intelligence"),
          *[roadmap("milestones", due="long term", item=item)
            for item in ("WASM-first strategy", "event-driven architecture", "edge intelligence")]],
    164: [*[("graph diagram wasm_cloud_2028", "nodes", {"label": label})
            for label in ("WASM module (cross-platform compilation)", "WAMR (WASM micro runtime)",
                          "WASM-optimised hardware")],
          ("graph diagram wasm_cloud_2028", None, "WASM ecosystem mature (more than 15 languages)"),
          ("graph diagram wasm_cloud_2028", None, "instant migration: WASM snapshots move across CPU architectures")],
    165: [("model core_conclusion_b", "stated", {"what": "strategy",
                                                 "says": "function first, containers as support (dual mode)"}),
          ("model core_conclusion_b", "stated", {"what": "of", "says": "new lightweight computing scenarios"}),
          ("model core_conclusion_b", "parameters", {"parameter": "share_min_percent", "value": 80, "unit": "%"}),
          ("model core_conclusion_b", "parameters", {"parameter": "horizon_years", "value": 5, "unit": "years"})],
    166: [effect("ecommerce", metric="function instance density", claimed=value(200, "x")),
          effect("ecommerce", metric="cold start", claimed={"from": 800, "to": 15, "unit": "ms"}),
          effect("ecommerce", metric="TCO", claimed=value(67, "% less")),
          effect("finance", metric="security audit cost", claimed=value(40, "% less")),
          effect("finance", metric="compliance pass rate", claimed=value(100, "%")),
          effect("edge_ai", metric="model inference latency", claimed=value(85, "% less")),
          effect("edge_ai", metric="bandwidth cost", claimed=value(90, "% less"))],
    190: [done("add WebAssembly as the fourth abstraction layer", "Wasm abstraction layer discussed in "
               "architecture_view.md section 3, Wasm implementation folder exists with complete documents, "
               "paradigm-shift meaning (4 dimensions), relation to the first three layers, application scenarios: edge "
               "computing, AI inference, serverless, policy execution, GPU acceleration, links to related views, "
               "stronger text on the unique value of Wasm")],
    191: [roadmap("principles", principle="atomicity: a WASM function is the smallest business unit", kind="feature",
                  text="easy to test and maintain")],
}


@functools.cache
def answer(question):
    """Of each section its rows; of None the answer's notes."""
    done = subprocess.run([STRATA, "--home", "/nonexistent", *question.split(), "-o", "json"], capture_output=True,
                          text=True, check=True)
    report = json.loads(done.stdout)
    return {None: report["notes"], **{section["id"]: section["rows"] for section in report["sections"]}}


def matching(question, section, looked_for):
    return [each for each in answer(question)[section]
            if each == looked_for or (isinstance(each, dict) and looked_for.items() <= each.items())]


class RequirementsTest(unittest.TestCase):
    def test_what_is_shown_has_its_rows_here_and_nothing_else_has(self):
        numbers = [int(number) for number in SHOWN.findall(PAGE.read_text(encoding="utf-8"))]
        self.assertEqual(numbers, list(SHOWN_ROWS))
        self.assertEqual([number for number, rows in SHOWN_ROWS.items() if not rows], [])

    def test_each_is_one_row_of_a_verbs_answer(self):
        for number, rows in SHOWN_ROWS.items():
            for question, section, looked_for in rows:
                with self.subTest(number, question=question, section=section, looked_for=looked_for):
                    self.assertEqual(len(matching(question, section, looked_for)), 1, answer(question)[section])


if __name__ == "__main__":
    unittest.main()
