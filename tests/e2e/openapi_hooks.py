"""What schemathesis cannot guess: names that exist. It loads this file itself, from $SCHEMATHESIS_HOOKS.

Every other valid request is turned to functions that are deployed, so that not only refusals are seen.
Invalid ones stay as they were made: what is wrong with them is to be refused, whatever they name.
"""

import os
import zlib

import schemathesis
from schemathesis.generation import GenerationMode

# openapi_test.py deploys it. It stays, though schemathesis learns its name from the answers.
DEPLOYED = {"namespace": "demo", "name": "hello"}
# Applied and deleted over and over; its manifest comes from openapi_test.py.
COMES_AND_GOES = {"namespace": "demo", "name": "made", "kind": "functions"}
# Names that the advisor's facts have, by operation.
KNOWN = {"showDomain": {"domain": "edge"}, "showMapping": {"mapping": "togaf"}, "alignConcept": {"concept": "webassembly"},
         "showCase": {"case": "ecommerce"}, "askModel": {"model": "npv"}, "showDiagram": {"diagram": "knowledge_graph"},
         "showLayer": {"layer": "runtime_management_layer"}, "showNeighbours": {"node": "kuasar"}}
ASKED = {"askModel": {"set": ["discount_rate=8%"], "of": "wasm.npv"}, "findPath": {"from": "Docker", "to": "WasmEdge"},
         "compareSubjects": {"subject": ["wasm", "container"], "dimension": ["startup"]},
         "recommendClass": {"set": ["latency_ms=50"], "need": ["edge"], "device": ["usb"], "kernel": ["epoll"],
                            "weights": "iot_edge"},
         "askWhy": {"from": "kata", "relation": "depends-on", "to": "qemu"}, "listNodes": {"type": "technology"},
         "lookUpTerm": {"term": "sandbox"}, "showLearning": {"path": "advanced", "know": ["OPA"]},
         "listDocuments": {"goal": "service mesh"}, "showRoadmap": {"part": ["risks"]}}


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    valid = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if operation == "functionLogs" and case.query.get("follow") in (True, "true"):
        case.query["follow"] = "false"  # would wait for lines that nobody writes
    if operation == "watch" and valid:
        case.query["since"] = "0"  # there is something to tell at once
    if operation == "deleteResource" and DEPLOYED.items() <= case.path_parameters.items():
        case.path_parameters.update(COMES_AND_GOES)
    if operation == "compareSubjects" and valid and not case.query.get("subject"):
        case.query.pop("dimension", None)  # is of subjects
    if not valid or not is_chosen(case):
        return
    if operation in KNOWN:
        case.path_parameters.update(KNOWN[operation])
    if operation in ASKED:
        case.query.update(ASKED[operation])
    if operation in ("invokeFunction", "functionLogs"):
        case.path_parameters.update(DEPLOYED)
    elif operation == "getResource":
        case.path_parameters.update(DEPLOYED, kind="functions")
    elif operation == "deleteResource":
        case.path_parameters.update(COMES_AND_GOES)
    elif operation == "createSandboxes":
        case.body = {"namespace": DEPLOYED["namespace"], "function": DEPLOYED["name"], "count": 2}
    elif operation == "apply":
        case.body = {"files": [{"name": "made.yaml", "dir": "/", "text": os.environ["STRATA_MADE"]}]}


def is_chosen(case):
    """Half of the requests, and the same half whenever one is repeated."""
    return zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 2 == 0
