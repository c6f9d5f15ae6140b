"""What `strata simulate` prints, what it refuses, and that the same seed gives the same figures."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from e2e.support import BIN, DONE, NO_SERVER, USAGE, WRONG_STATE, Server

POLICIES = ["strata", "fixed-keep-alive", "all-container", "all-wasm", "all-microvm"]
ROW = {"policy", "cost", "cold_start_rate", "p50_ms", "p99_ms", "wait_p999_ms", "slo_met", "utilisation", "refused"}


def figures(name, p50, cpu, memory):
    return {"class": name, "first_ms": 2 * p50, "p50_ms": p50, "p99_ms": 1.5 * p50, "cpu_ms": cpu, "memory_mib": memory}


# A fixture, no host's record: what is simulated must not depend on this machine.
RECORD = {"workload": "hello", "classes": [figures("wasm", 0.2, 0.02, 0.1), figures("container", 25, 9, 3),
                                           figures("appkernel", 110, 77, 20), figures("microvm", 200, 165, 60)]}
SMALL = ("--functions", "200", "--calls", "20000")


class SimulateTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-simulate."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.record = self.write("record.json", json.dumps(RECORD))

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return str(file)

    def strata(self, *words, stdin=""):
        return subprocess.run([str(BIN / "strata"), "--home", str(self.folder), "simulate", *words],
                              capture_output=True, text=True, timeout=120, check=False, input=stdin)

    def simulate(self, *words, stdin=""):
        done = self.strata("--record", self.record, "-o", "json", *words, stdin=stdin)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return json.loads(done.stdout)

    def assert_refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_every_policy_has_a_row_and_what_was_put_in_is_shown(self):
        result = self.simulate(*SMALL, "--seed", "7", "--what-if")
        self.assertEqual([row["policy"] for row in result["policies"]], POLICIES)
        for row in result["policies"]:
            self.assertEqual(set(row), ROW)
            self.assertGreater(row["cost"], 0)
            self.assertGreaterEqual(result["details"][row["policy"]]["wait_p99999_ms"], row["wait_p999_ms"])
            for share in ("cold_start_rate", "slo_met", "utilisation"):
                self.assertTrue(0 <= row[share] <= 1, row)
        self.assertEqual([row["wasm_share"] for row in result["variants"]], [0, 0.25, 0.5, 1])
        self.assertEqual((result["trace"]["seed"], result["trace"]["calls"]), (7, 20000))
        self.assertEqual(result["assumptions"]["wasm_share"], 0.5)
        self.assertIn("us-east-1", result["prices"]["source"])
        self.assertEqual([row["p50_ms"] for row in result["record"]["classes"]], [0.2, 25, 110, 200])
        self.assertEqual(result["record"]["from"], self.record)
        # A start costs what it computes beyond its guest, by the record: of a container 25 ms less 9.
        start = result["prices"]["classes"]["container"]
        self.assertEqual(start["start_from"], "strata measure")
        self.assertAlmostEqual(start["start"], (25 - 9) / 3.6e6 * start["cpu_hour"], places=15)
        self.assertEqual([row["claimed"] for row in result["what_if"]], ["-15 to -20 %", "-50 %", "-50 %"])

    def test_the_same_seed_gives_the_same_figures_and_another_one_others(self):
        first = self.simulate(*SMALL, "--seed", "3")
        self.assertEqual(first, self.simulate(*SMALL, "--seed", "3"))
        self.assertNotEqual(first["policies"], self.simulate(*SMALL, "--seed", "4")["policies"])

    def test_the_chosen_policies_alone_and_half_the_variants_of_the_table(self):
        result = self.simulate(*SMALL, "--policy", "strata,all-wasm")
        self.assertEqual([row["policy"] for row in result["policies"]], ["strata", "all-wasm"])
        self.assertNotIn("variants", result)
        whole = self.simulate(*SMALL)
        self.assertEqual(whole["policies"][0], result["policies"][0])
        half = dict(whole["variants"][2])
        del half["wasm_share"]
        self.assertEqual(half, whole["policies"][0])

    def test_everything_can_be_in_one_class(self):
        words = ("--wasm-share", "0", "--medium-security", "0", "--high-security", "0")
        result = self.simulate(*SMALL, *words, "--policy", "strata", "--policy", "fixed-keep-alive")
        for policy in ("strata", "fixed-keep-alive"):
            self.assertEqual(list(result["details"][policy]["functions"]), ["container"])
        self.assertEqual((result["trace"]["medium_security"], result["trace"]["high_security"]), (0, 0))
        self.assert_refused(self.strata("--record", self.record, "--high-security", "0.9"), USAGE, "together 1 at most")

    def test_prices_change_cost_and_nothing_of_fixed_policies_else(self):
        dear = self.simulate(*SMALL, "--policy", "all-container", "--price", "cpu_hour=4.048", "--price", "gib_hour=0.4445")
        usual = self.simulate(*SMALL, "--policy", "all-container")
        self.assertAlmostEqual(dear["policies"][0].pop("cost"), 100 * usual["policies"][0].pop("cost"), places=6)
        self.assertEqual(dear["policies"], usual["policies"])

    def test_a_node_has_a_price_and_a_start_another_one_than_the_record_says(self):
        words = (*SMALL, "--policy", "all-container", "--nodes", "4")
        usual = self.simulate(*words)["policies"][0]["cost"]
        spot = self.simulate(*words, "--price", "node.node-*=0.25")
        self.assertAlmostEqual(spot["policies"][0]["cost"], usual / 4, places=9)
        self.assertEqual(spot["prices"]["nodes"], {"node-*": 0.25})
        free = self.simulate(*words, "--price", "start=0")
        self.assertLess(free["policies"][0]["cost"], usual)
        self.assertEqual(free["prices"]["classes"]["container"]["start_from"], "--price")
        shown = self.strata("--record", self.record, *words, "--price", "node.node-*=0.25").stdout
        self.assertIn("On node-*: times 0.250", shown)
        self.assertIn(f"Record ('strata measure'): {self.record}", shown)

    def test_calls_without_room_are_no_cheap_ones(self):
        words = (*SMALL, "--policy", "all-container", "--nodes", "1", "--node-memory-gib")
        [starved] = self.simulate(*words, "0.01")["policies"]
        self.assertEqual((starved["refused"], starved["slo_met"]), (1, 0))
        [roomy] = self.simulate(*words, "64")["policies"]
        self.assertEqual(roomy["refused"], 0)
        self.assertIn("REFUSED %", self.strata("--record", self.record, *words, "64").stdout)

    def test_a_table_names_its_sources(self):
        shown = self.strata("--record", self.record, *SMALL)
        self.assertEqual(shown.returncode, DONE, shown.stderr)
        self.assertEqual(shown.stderr, "")
        for text in ("POLICY", *POLICIES, "WASM VARIANT", "Serverless in the Wild", "us-east-1", "strata measure"):
            self.assertIn(text, shown.stdout)

    def test_a_trace_from_a_file(self):
        rows = "".join(f"f{i % 3},{1000 * i},{5 + i},64\n" for i in range(100))
        trace = self.write("trace.csv", "function,start_ms,duration_ms,memory_mib\n" + rows)
        result = self.simulate("--trace", trace)
        self.assertEqual((result["trace"]["functions"], result["trace"]["calls"]), (3, 100))
        self.assertEqual(result["details"]["all-container"]["cold_starts"], 3)
        piped = self.simulate("--trace", "-", stdin=pathlib.Path(trace).read_text())
        self.assertEqual(piped["trace"].pop("source"), "standard input")
        self.assertEqual(result["trace"].pop("source"), trace)
        self.assertEqual(piped, result)

    def test_three_calls_cost_something_and_use_no_more_than_was_held(self):
        rows = "function,start_ms,duration_ms\na,0,10\na,5,10\nb,7,3.5\n"
        for row in self.simulate("--trace", "-", stdin=rows)["policies"]:
            self.assertTrue(0 < row["utilisation"] <= 1, row)
        shown = self.strata("--record", self.record, "--trace", "-", "--policy", "strata", stdin=rows).stdout.splitlines()
        cost, kept = shown[1].split()[1], shown[1].split()[6]
        self.assertGreater(float(cost), 0)
        self.assertEqual(kept, "-")  # no function has an SLO

    def test_functions_of_a_file_ask_and_say_whether_they_have_a_variant(self):
        rows = "function,start_ms,duration_ms,p99_ms,security,wasm\na,0,10,20,,true\nb,1,10,,high,\nc,2,10,5,,false\n"
        result = self.simulate("--trace", "-", "--policy", "strata,all-container", "--wasm-share", "0", stdin=rows)
        self.assertEqual(result["trace"]["functions_with_slo"], 2)
        self.assertEqual(result["details"]["strata"]["functions"], {"wasm": 1, "container": 1, "microvm": 1})
        ours, containers = result["policies"]
        self.assertGreater(ours["slo_met"], containers["slo_met"])

    def test_few_calls_take_as_long_as_was_asked_for(self):
        words = ("--calls", "2000", "--policy", "strata")
        for hours in (24, 240):
            trace = self.simulate(*words, "--hours", str(hours))["trace"]
            self.assertTrue(0.6 * hours < trace["hours"] < 1.4 * hours, trace)
            self.assertGreater(trace["popularity"]["slower"], 1)
        self.assertIn("times less often than was published", self.strata("--record", self.record, *words).stdout)

    def test_what_is_wrong_is_refused_and_nothing_is_printed(self):
        bad = self.write("bad.csv", "function,start_ms,duration_ms\nf,1,x\n")
        self.assert_refused(self.strata("--record", self.record, "--trace", bad), USAGE, "bad.csv: line 2", "duration_ms")
        lacking = dict(RECORD, classes=RECORD["classes"][:2])
        record = self.write("lacking.json", json.dumps(lacking))
        self.assert_refused(self.strata("--record", record), WRONG_STATE, "no figures of class microvm", "strata measure")
        self.assert_refused(self.strata("--record", bad), USAGE, "bad.csv: not JSON: parse error at line 1")
        for option in (("--record", str(self.folder)), ("--record", self.record, "--trace", str(self.folder))):
            self.assert_refused(self.strata(*option), USAGE, f"{self.folder} is not a regular file")
        self.assert_refused(self.strata("--record", self.record, "--wasm-share", "2"), USAGE, "0 to 1")
        self.assert_refused(self.strata("--record", self.record, "--nodes", "10001"), USAGE, "10000 nodes")
        self.assert_refused(self.strata("--record", self.record, "--price", "cpu_day=1"), USAGE, "cpu_day")

    def test_without_a_record_or_a_server_nothing_is_simulated(self):
        self.assert_refused(self.strata(), NO_SERVER, "strata measure --record", "strata up")

    def test_the_servers_own_record_is_taken(self):
        server = Server().up()
        try:
            self.assertEqual(server.api("PUT", "/v1/measurements", RECORD).status, 200)
            result = server.json("simulate", *SMALL)
            self.assertEqual(result["policies"], self.simulate(*SMALL)["policies"])
        finally:
            self.assertEqual(server.end(), [])
