"""The API on its Unix socket, and what the server tells of itself."""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading
import time
import unittest

from e2e import guests
from e2e.support import PATIENCE, ServerTest, UnixConnection, eventually, function, hello

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

# One line of Prometheus' text format: a comment of a known kind, or a sample.
METRIC_LINE = re.compile(r"# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+"
                         r'|[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})? '
                         r"([-+]?[0-9.]+(e[-+]?[0-9]+)?|[-+]?Inf|NaN)")
METRICS_PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "observability.md"
METRIC_ROW = re.compile(r"^\| `(strata_\w+)` \| \w+ \|([^|]*)\|", re.MULTILINE)


class ApiTest(ServerTest):
    options = ("--server-timing",)

    @classmethod
    def prepare(cls):
        counter = cls.server.home / "counter.wat"
        counter.write_text(guests.COUNTER)
        cls.server.apply(hello(), function("counter", counter, "/counter"))

    # --- the document

    def test_the_api_describes_itself(self):
        answer = self.server.api("GET", "/openapi.json")
        document = json.loads(answer.body)
        self.assertEqual(answer.status, 200)
        self.assertTrue(document["openapi"].startswith("3.1"))
        self.assertIn("/v1/sandboxes", document["paths"])

    def test_the_document_has_what_a_status_says_of_the_scheduler(self):
        document = json.loads(self.server.api("GET", "/openapi.json").body)
        known = document["components"]["schemas"]["Resource"]["properties"]["status"]["properties"]
        self.assertEqual(self.server.get("/hello").status, 200)
        status = self.server.json("-n", "demo", "describe", "function", "hello")["status"]
        self.assertLessEqual({"class", "placement", "models", "prediction"}, set(known) & set(status))
        self.assertEqual(set(status["models"][0]), set(known["models"]["items"]["required"]))
        self.assertEqual(set(status["prediction"]) - set(known["prediction"]["properties"]), set())

    def test_every_plain_get_of_the_document_answers(self):
        paths = json.loads(self.server.api("GET", "/openapi.json").body)["paths"]
        plain = [path for path, verbs in paths.items()
                 if "get" in verbs and "{" not in path and "watch" not in path
                 and not any(each.get("required") for each in verbs["get"].get("parameters", []))]
        self.assertGreater(len(plain), 5)
        for path in plain:
            expected = 409 if path == "/v1/advisor/measured" else 200  # nothing is measured here
            self.assertEqual(self.server.api("GET", path).status, expected, path)

    def test_unknown_paths_methods_and_bodies_are_problems(self):
        for method, path, body, status in (("GET", "/v1/nothing", None, 404), ("DELETE", "/v1/status", None, 405),
                                           ("GET", "/v1/resources?colour=red", None, 400),
                                           ("GET", "/v1/resources?kind=", None, 400),
                                           ("GET", "/v1/resources?namespace=Demo", None, 400),
                                           ("POST", "/v1/apply", {"fils": []}, 400),
                                           ("POST", "/v1/sandboxes", {"function": 7}, 400)):
            answer = self.server.api(method, path, body)
            self.assertEqual(answer.status, status, (path, answer.body))
            self.assertEqual(answer.headers.get_content_type(), "application/problem+json")

    def test_a_body_that_is_no_json_or_too_long_is_told_apart(self):
        for kind, body, status in (("text/plain", b"{}", 415), ("application/json", b"{", 400),
                                   ("application/json", b"{}" + b" " * 65536, 413)):
            connection = UnixConnection(self.server.home / "run" / "api.sock")
            self.addCleanup(connection.close)
            connection.request("POST", "/v1/sandboxes", body=body, headers={"Content-Type": kind})
            answer = json.loads(connection.getresponse().read())
            self.assertEqual((answer["status"], answer["code"]), (status, "INVALID_ARGUMENT"))

    def test_only_its_owner_may_use_the_socket(self):
        mode = (self.server.home / "run" / "api.sock").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    # --- changes

    def test_watch_delivers_a_change_as_it_happens(self):
        since = self.server.json("get", "-A")["resourceVersion"]
        connection = UnixConnection(self.server.home / "run" / "api.sock")
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/watch?since={since}")
        stream = connection.getresponse()
        self.assertEqual(stream.headers.get_content_type(), "text/event-stream")
        self.server.apply(hello("watched", None))
        event = read_event(stream)
        self.assertEqual(event["event"], "created")
        self.assertEqual(json.loads(event["data"])["metadata"]["name"], "watched")
        self.assertEqual(event["id"], str(since + 1))
        self.server.strata("-n", "demo", "delete", "function", "watched")
        self.assertEqual(read_event(stream)["event"], "deleted")

    def test_watch_from_the_beginning_tells_what_is_there(self):
        connection = UnixConnection(self.server.home / "run" / "api.sock")
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/watch")
        names = {json.loads(read_event(stream)["data"])["metadata"]["name"]
                 for stream in [connection.getresponse()] for _ in range(2)}
        self.assertEqual(names, {"hello", "counter"})

    def test_watch_of_the_future_is_refused(self):
        self.assertEqual(self.server.api("GET", "/v1/watch?since=999999").status, 400)

    # --- sandboxes

    def create(self, name="counter", count=1):
        answer = self.server.api("POST", "/v1/sandboxes", {"namespace": "demo", "function": name, "count": count})
        self.assertEqual(answer.status, 201, answer.body)
        ids = [sandbox["id"] for sandbox in json.loads(answer.body)["sandboxes"]]
        for each in ids:
            self.addCleanup(self.server.api, "DELETE", f"/v1/sandboxes/{each}")
        return ids

    def call(self, sandbox):
        return self.server.api("POST", f"/v1/sandboxes/{sandbox}/invoke")

    def test_a_sandbox_keeps_its_memory_between_calls(self):
        one, two = self.create(count=2)
        self.assertEqual([self.call(one).text for _ in range(3)], ["A", "B", "C"])
        self.assertEqual(self.call(two).text, "A")
        self.assertEqual(self.call(one).text, "D")

    def test_a_function_call_keeps_nothing(self):
        self.assertEqual([self.server.get("/counter").text for _ in range(3)], ["A", "A", "A"])

    def invoke(self, name, fields, *pieces, pause=0):
        """Calls a function through the API; the pieces of the body come so many seconds apart."""
        connection = UnixConnection(self.server.home / "run" / "api.sock")
        self.addCleanup(connection.close)
        connection.putrequest("POST", f"/v1/namespaces/demo/functions/{name}/invoke")
        for field, value in {"Content-Length": sum(map(len, pieces)), **fields}.items():
            connection.putheader(field, value)
        connection.endheaders()
        for piece in pieces:
            time.sleep(pause)
            connection.send(piece)
        return connection.getresponse()

    def test_a_client_may_take_longer_for_its_body_than_a_cell_gives_a_new_connection(self):
        self.assertEqual(self.invoke("hello", {}, b"a" * 10, b"b" * 10, pause=6).status, 200)

    def test_fields_of_the_clients_connection_stay_behind(self):
        guest = self.server.home / "environment.wat"
        guest.write_text(guests.ENVIRONMENT)
        self.server.apply(function("environment", guest, "/environment"))
        answer = self.invoke("environment", {"Connection": "X-Mine", "X-Mine": "secret", "X-Other": "seen"})
        body = answer.read()
        self.assertIn(b"HTTP_X_OTHER=seen", body)
        self.assertNotIn(b"secret", body)

    def test_a_deleted_sandbox_is_gone(self):
        sandbox, = self.create()
        self.assertEqual(self.server.api("DELETE", f"/v1/sandboxes/{sandbox}").status, 204)
        self.assertEqual(self.call(sandbox).status, 404)
        self.assertEqual(self.server.api("GET", f"/v1/sandboxes/{sandbox}").status, 404)

    def test_a_functions_sandboxes_go_with_it(self):
        self.server.apply(hello("short-lived", "/short-lived"))
        gone, = self.create("short-lived")
        stays, = self.create()
        self.assertEqual(self.call(gone).status, 200)
        self.assertEqual(self.server.strata("-n", "demo", "delete", "function", "short-lived").returncode, 0)
        listed = json.loads(self.server.api("GET", "/v1/sandboxes").body)["sandboxes"]
        self.assertIn(stays, [each["id"] for each in listed])
        self.assertNotIn(gone, [each["id"] for each in listed])
        self.assertEqual((self.call(gone).status, self.call(stays).text), (404, "A"))
        running = [each for each in listed if each["state"] == "running"]
        self.assertTrue(eventually(lambda: sum(cell["sandboxes"] for cell in self.server.json("status")["cells"])
                                   == len(running)))

    def test_sandboxes_asked_for_at_once_are_made_or_refused_one_by_one(self):
        def make(function):
            return self.server.api("POST", "/v1/sandboxes", {"namespace": "demo", "function": function, "count": 3})

        asked = ["counter", "missing", "hello"] * 8
        with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
            answers = list(pool.map(make, asked))
        made = {}
        for function, answer in zip(asked, answers, strict=True):
            self.assertEqual(answer.status, 404 if function == "missing" else 201, answer.body)
            for one in json.loads(answer.body).get("sandboxes", []):
                self.addCleanup(self.server.api, "DELETE", f"/v1/sandboxes/{one['id']}")
                made[one["id"]] = (one["function"], one["state"])
        self.assertEqual(sorted(made.values()), [("counter", "running")] * 24 + [("hello", "running")] * 24)

    def test_sandboxes_ended_at_once_are_each_ended_once(self):
        ids = self.create("hello", count=12)
        stays, = self.create()
        asked = [*ids, *ids, "missing"]
        with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
            answers = list(pool.map(lambda one: self.server.api("DELETE", f"/v1/sandboxes/{one}").status, asked))
        self.assertEqual(sorted(answers), [204] * len(ids) + [404] * (len(ids) + 1))
        listed = json.loads(self.server.api("GET", "/v1/sandboxes").body)["sandboxes"]
        self.assertFalse({each["id"] for each in listed} & set(ids))
        self.assertEqual(self.call(stays).text, "A")
        running = [each for each in listed if each["state"] == "running"]
        self.assertTrue(eventually(lambda: sum(cell["sandboxes"] for cell in self.server.json("status")["cells"])
                                   == len(running)))

    def test_sandboxes_from_the_command_line(self):
        made = self.server.json("-n", "demo", "sandbox", "create", "counter", "--count", "2")
        ids = [sandbox["id"] for sandbox in made["sandboxes"]]
        self.assertEqual(self.server.strata("sandbox", "call", ids[0]).stdout, "A")
        listed = self.server.strata("sandbox", "list").stdout
        for each in ids:
            self.assertIn(each, listed)
            self.assertEqual(self.server.strata("sandbox", "delete", each).returncode, 0)

    def test_calls_of_one_sandbox_at_once_take_turns(self):
        sandbox, = self.create()
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.call(sandbox))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(sorted(answer.text for answer in answers), list("ABCDEFGH"))

    def test_a_wrong_call_costs_a_sandbox_nothing(self):
        sandbox, = self.create()
        self.assertEqual(self.call(sandbox).text, "A")
        for export, arguments, status in (("no_such_export", b"[]", 404), ("strata_alloc", b"[]", 400),
                                          ("strata_alloc", b"{", 400)):
            connection = UnixConnection(self.server.home / "run" / "api.sock")
            self.addCleanup(connection.close)
            connection.request("POST", f"/v1/sandboxes/{sandbox}/invoke", body=arguments,
                               headers={"Strata-Export": export})
            self.assertEqual(connection.getresponse().status, status, export)
        self.assertEqual(self.call(sandbox).text, "B")

    def test_a_sandbox_whose_cell_died_is_lost_and_says_so(self):
        sandbox, = self.create()
        name = json.loads(self.server.api("GET", f"/v1/sandboxes/{sandbox}").body)["cell"]
        pid = next(cell["pid"] for cell in self.server.json("status")["cells"] if cell["name"] == name)
        os.kill(pid, signal.SIGKILL)

        def state():
            return json.loads(self.server.api("GET", f"/v1/sandboxes/{sandbox}").body)["state"]

        self.assertTrue(eventually(lambda: state() == "lost"))
        self.assertEqual(self.call(sandbox).status, 409)
        self.assertEqual(self.server.get("/hello").status, 200)

    # --- what is seen from outside

    def test_metrics_are_prometheus_text_and_count_calls(self):
        self.server.get("/hello")

        def counted():
            text = self.server.api("GET", "/metrics").text
            found = re.search(r'^strata_route_requests_total\{[^}]*function="hello"[^}]*status="200"[^}]*\} (\d+)$',
                              text, re.MULTILINE)
            return text if found and int(found.group(1)) > 0 else None

        text = eventually(counted)
        self.assertTrue(text)
        for line in text.splitlines():
            self.assertRegex(line, f"^(?:{METRIC_LINE.pattern})$")
        typed = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        self.assertEqual(len(typed), len({name for name, _ in typed}), "a family is declared twice")
        for name, kind in typed:
            self.assertIn(kind, ("counter", "gauge", "histogram", "summary"))

    def test_metrics_have_the_labels_that_their_page_says(self):
        said = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in METRIC_ROW.findall(METRICS_PAGE.read_text())}
        self.server.get("/hello")
        self.server.get("/nowhere")
        self.assertTrue(eventually(lambda: "strata_route_unrouted_total" in self.server.api("GET", "/metrics").text))
        for line in self.server.api("GET", "/metrics").text.splitlines():
            if line.startswith("#"):
                continue
            name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            family = name if name in said else name.rpartition("_")[0]  # of a histogram: _bucket, _sum, _count
            self.assertEqual(set(re.findall(r'(\w+)="', labels or "")) - {"le"}, said[family], line)

    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        self.server.get("/hello")
        self.assertEqual(self.server.api("POST", "/v1/namespaces/demo/functions/counter/invoke").status, 200)

        def counted():
            text = self.server.api("GET", "/metrics").text
            return text if 'function="counter"' in text and 'function="hello"' in text else None

        text = eventually(counted)
        self.assertTrue(text)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                 timeout=PATIENCE, check=False)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_a_trace_from_outside_is_continued(self):
        self.server.get("/hello", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
        self.assertTrue(eventually(lambda: TRACE in [line["trace_id"] for line in self.server.access_log()]))
        self.assertTrue(eventually(lambda: TRACE in (self.server.home / "logs" / "spans.jsonl").read_text()))

    def test_a_broken_trace_is_replaced(self):
        self.server.get("/hello", headers={"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "X": "y"})
        lines = eventually(self.server.access_log)
        self.assertNotIn("0" * 32, [line["trace_id"] for line in lines])

    def test_an_answer_says_where_its_time_went(self):
        timing = self.server.get("/hello").headers["Server-Timing"]
        for stage in ("queue", "instantiate", "run"):
            self.assertRegex(timing, rf"{stage};dur=\d+\.\d+")

    def test_the_access_log_has_a_line_for_a_call_with_its_stages_and_size(self):
        self.server.get("/hello?question=1")

        def line():
            return next((line for line in self.server.access_log() if line["function"] == "hello"
                         and line["bytes_out"] == len("hello, world\n")), None)

        entry = eventually(line)
        self.assertEqual((entry["namespace"], entry["method"], entry["status"], entry["exit"]),
                         ("demo", "GET", 200, "returned"))

    def test_a_request_that_leads_nowhere_is_logged_and_counted(self):
        self.assertEqual(self.server.get("/nowhere").status, 404)
        entry = eventually(lambda: next((line for line in self.server.access_log() if line["path"] == "/nowhere"), None))
        self.assertEqual((entry["function"], entry["status"]), ("", 404))
        text = self.server.api("GET", "/metrics").text
        self.assertRegex(text, r'(?m)^strata_route_unrouted_total\{.*status="404".*\} [1-9]')


def read_event(stream):
    """The next server-sent event; comments keep the stream awake and are skipped."""
    fields = {}
    while True:
        line = stream.readline().decode().rstrip("\n")
        if not line and fields:
            return fields
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


if __name__ == "__main__":
    unittest.main()
