"""The API keeps to its own document: schemathesis makes requests from the served OpenAPI 3.1 text, valid and
invalid ones, and holds every answer against it."""

import json
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
import threading
import unittest

from e2e.support import ARTIFACTS, ROOT, ServerTest, function, hello

HERE = pathlib.Path(__file__).resolve().parent
# Far above the minute that it takes.
SCHEMATHESIS_PATIENCE = 280


class Forwarder(socketserver.ThreadingTCPServer):
    """The API's Unix socket on a port of the loopback: schemathesis speaks TCP only."""

    daemon_threads = True

    def __init__(self, path):
        super().__init__(("127.0.0.1", 0), ForwardConnection)
        self.path = str(path)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *details):
        self.shutdown()
        self.server_close()


class ForwardConnection(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self.server.path)
            back = threading.Thread(target=copy, args=(server, self.request))
            back.start()
            copy(self.request, server)
            back.join()


def copy(source, to):
    """Until the source ends or the target is gone; then the target learns of the end."""
    try:
        while piece := source.recv(65536):
            to.sendall(piece)
    except OSError:
        pass
    for end, how in ((to, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def succeeded(report):
    """Method and path of every operation that was answered 2xx at least once."""
    found = set()
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for key, exchange in recorder.get("interactions", {}).items():
            case = recorder["cases"][key]["value"]
            if exchange["response"] and 200 <= exchange["response"]["status_code"] < 300:
                found.add((case["method"], case["path"]))
    return found

# Ends the server; is not asked; need a service from an image, which services_test.py and volumes_test.py have.
NEVER_DONE = {("POST", "/v1/down"), ("GET", "/openapi.json"),
              # Nothing is measured here; advisor_api_test.py has a record.
              ("GET", "/v1/advisor/measured"), ("POST", "/v1/advisor/drift"),
              # Nothing that is deployed here has another form; rollout_test.py has.
              ("POST", "/v1/rollouts/{namespace}/{name}"), ("GET", "/v1/rollouts/{namespace}/{name}"),
              ("POST", "/v1/rollouts/{namespace}/{name}/{verb}"),
              *((method, "/v1/volumes/{namespace}/{name}") for method in ("GET", "DELETE")),
              *((method, "/v1/namespaces/{namespace}/services/{name}/" + verb)
                for method, verb in (("GET", "exec"), ("POST", "pause"), ("POST", "resume"),
                                     ("GET", "sandboxes"), ("POST", "snapshots"),
                                     ("DELETE", "snapshots/{snapshot}"), ("POST", "restore"),
                                     ("POST", "forks"), ("DELETE", "forks/{sandbox}")))}


class OpenApiTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello())
        made = subprocess.run([sys.executable, ROOT / "tools" / "python_env.py", "schemathesis",
                               HERE / "requirements.txt"], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise AssertionError(f"schemathesis cannot be installed: {made.stderr}")
        cls.program = pathlib.Path(made.stdout.strip()) / "bin" / "schemathesis"

    def test_every_answer_is_one_that_the_document_describes(self):
        report = self.server.home / "report.ndjson"
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "openapi_hooks.py"),
                       "STRATA_MADE": json.dumps(function("made", ARTIFACTS / "hello-module.wasm"))}
        with Forwarder(self.server.home / "run" / "api.sock") as forwarder:
            done = subprocess.run(
                [self.program, "--config-file", HERE / "schemathesis.toml", "run", f"{forwarder.url}/openapi.json",
                 "--no-color", "--report", "ndjson", "--report-ndjson-path", report],
                cwd=self.server.home, env=environment, capture_output=True, text=True,
                timeout=SCHEMATHESIS_PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        document = json.loads(self.server.api("GET", "/openapi.json").body)
        operations = {(method.upper(), path) for path, methods in document["paths"].items()
                      for method in methods if method != "parameters"}
        # schemathesis takes the document for granted, which it has just read.
        self.assertEqual(operations - succeeded(report), NEVER_DONE,
                         "nothing but refusals were seen")


if __name__ == "__main__":
    unittest.main()
