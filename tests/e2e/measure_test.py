"""strata measure: what it records and prints, what it refuses, and that nothing stays."""

import csv
import io
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from e2e.support import BIN, DONE, NOT_FOUND, USAGE, WRONG_STATE, Server, ServerTest

OLD = {"workload": "hello", "classes": [{"class": "wasm", "first_ms": 3, "p50_ms": 0.3, "p99_ms": 1, "cpu_ms": 0.1,
                                         "memory_mib": 1}]}
LONGEST = 120  # seconds, of a quick run of one class on a loaded machine


class MeasureTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-measure."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.record = cls.folder / "record.json"
        done = subprocess.run([BIN / "strata", "--home", cls.server.home, "-o", "json", "measure", "--quick", "--class",
                               "wasm", "--record", cls.record], capture_output=True, text=True, timeout=LONGEST,
                              check=False)
        if done.returncode != DONE:
            raise AssertionError(done.stderr)
        cls.printed = json.loads(done.stdout)
        cls.taken = json.loads(cls.record.read_text())

    def rows(self, section, report=None):
        return next(each for each in (report or self.printed)["sections"] if each["id"] == section)["rows"]

    def show(self, *words):
        done = self.server.strata("measure", *words)
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        return done.stdout

    def write(self, name, record):
        path = self.folder / name
        path.write_text(json.dumps(record))
        return str(path)

    def test_the_record_holds_every_row_or_why_not(self):
        self.assertEqual(self.taken["schema"], "strata.dev/measurements/v2")
        self.assertEqual(self.taken["mode"], "quick")
        self.assertEqual({row["in"] for row in self.taken["rows"]}, {"process", "wasm", "host"})
        for row in self.taken["rows"]:
            self.assertTrue(row["samples"] or row.get("lacking"), row)
        taken = {(row["row"], row["in"]): row for row in self.taken["rows"]}
        self.assertGreaterEqual(len(taken["warm_start", "wasm"]["samples"]), 100)
        self.assertEqual(taken["epoll_wakeup", "wasm"]["lacking"], "WASI has no such call")
        self.assertTrue(taken["epoll_wakeup", "process"]["samples"])
        self.assertIn("send nothing", taken["network_overhead", "host"]["lacking"])
        self.assertIn("policy engine", taken["policy_evaluation", "host"]["lacking"])
        if "is not told the memory" in taken["density", "wasm"].get("lacking", ""):
            return  # which root is
        # Sandboxes that stay: many of them (one cell has less room than two), each of some pages of 4 KiB.
        self.assertIn(taken["density", "wasm"]["samples"], ([512], [1024]))
        self.assertEqual(len(taken["instance_memory", "wasm"]["samples"]), 8)
        self.assertLess(0.004, sum(taken["instance_memory", "wasm"]["samples"]) / 8)
        self.assertLess(max(taken["instance_memory", "wasm"]["samples"]), 0.25)

    def test_it_prints_claims_beside_what_was_measured(self):
        warm = next(row for row in self.rows("measured") if (row["row"], row["in"]) == ("warm start", "wasm"))
        self.assertEqual(warm["source"], "001 §3.5 (matrices.yaml)")
        self.assertEqual(warm["claimed"], {"min": 0.5, "max": 5, "unit": "ms"})
        self.assertLessEqual(warm["interval"]["low"], warm["measured"]["value"])
        self.assertGreaterEqual(warm["interval"]["high"], warm["measured"]["value"])
        self.assertTrue(all(set(row) == set(self.rows("measured")[0]) for row in self.rows("measured")))
        contract = self.rows("contracts")[0]
        self.assertRegex(contract["verdict"], "^(holds|fails|not decided with [0-9]+ runs, needs [0-9]+ )")

    def test_the_server_chooses_by_it(self):
        kept = json.loads(self.server.api("GET", "/v1/measurements").text)
        self.assertEqual(kept["rows"], self.taken["rows"])
        self.assertEqual([each["class"] for each in kept["classes"]], ["wasm"])
        self.assertNotIn("lacking", kept["classes"][0])

    def test_what_was_written_before_is_a_prior_still_but_no_measurement(self):
        server = Server().up()
        try:
            self.assertEqual(server.api("PUT", "/v1/measurements", OLD).status, 200)
            self.assertEqual(json.loads(server.api("GET", "/v1/measurements").text), OLD)
        finally:
            self.assertEqual(server.end(), [])
        old = self.write("old.json", OLD)
        for words in (("--show", old), ("--compare", old, str(self.record)), ("--compare", str(self.record), old)):
            self.assert_exit(self.server.strata("measure", *words), WRONG_STATE, "measure again")
        later = self.write("later.json", self.taken | {"schema": "strata.dev/measurements/v3"})
        self.assert_exit(self.server.strata("measure", "--show", later), USAGE, "measurements/v3", later)

    def test_a_record_is_shown_in_every_form_and_both_languages(self):
        words = ("--show", str(self.record))
        self.assertEqual(json.loads(self.show("-o", "json", *words)), self.printed)
        self.assertRegex(self.show("-o", "yaml", *words), f'(?m)^title: "?{re.escape(self.printed["title"])}"?$')
        self.assertTrue(self.show("-o", "markdown", *words).startswith("# Measured on this host"))
        self.assertTrue(list(csv.reader(io.StringIO(self.show("-o", "csv", *words)))))
        chinese = self.show("--lang", "zh", *words)
        for text in ("所称与本机实测", "冷启动", "启动时间契约", "裸进程"):
            self.assertIn(text, chinese)

    def test_only_what_drifts_is_compared(self):
        record = str(self.record)
        same = json.loads(self.show("-o", "json", "--compare", record, record))
        self.assertEqual(self.rows("drift", same), [])
        slower = json.loads(json.dumps(self.taken))
        for row in slower["rows"]:
            if (row["row"], row["in"]) == ("warm_start", "wasm"):
                row["samples"] = [3 * each for each in row["samples"]]
        changed = json.loads(self.show("-o", "json", "--compare", record, self.write("slower.json", slower)))
        drifts = self.rows("drift", changed)
        self.assertEqual([(row["row"], row["in"]) for row in drifts], [("warm start", "wasm")])
        self.assertAlmostEqual(drifts[0]["ratio"], 3, 5)

    def test_nothing_stays(self):
        self.assertFalse([name for name in self.server.resources() if "measure" in name])
        self.assertEqual(json.loads(self.server.api("GET", "/v1/sandboxes").text), {"sandboxes": []})

    def test_wrong_words_change_nothing(self):
        record = str(self.record)
        for code, says, words in ((USAGE, "'jail'", ("--class", "jail")), (USAGE, "did you mean 'wasm'?", ("--class", "wsm")),
                                  (USAGE, "svgg", ("-o", "svgg")),
                                  (USAGE, "'fr'", ("--lang", "fr")), (USAGE, "excludes", ("--quick", "--show", record)),
                                  (NOT_FOUND, "/nonexistent", ("--record", "/nonexistent/record.json")),
                                  (NOT_FOUND, "/nonexistent", ("--show", "/nonexistent/record.json"))):
            with self.subTest(words):
                self.assert_exit(self.server.strata("measure", *words), code, says)
        away = self.server.strata("--api", "https://127.0.0.1:1", "--api-cert", "c", "--api-key", "k", "--api-ca", "a",
                                  "measure")
        self.assert_exit(away, WRONG_STATE, "without --api")


class InterruptedTest(ServerTest):
    def test_an_interrupted_run_leaves_nothing(self):
        command = [BIN / "strata", "--home", self.server.home, "measure", "--class", "wasm"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            self.assertRegex(running.stderr.readline(), r"^turn 1, process: ")  # both programs are deployed by now
            self.assertTrue([name for name in self.server.resources() if "strata-measure" in name])
            second = self.server.strata("measure", "--class", "wasm")
            self.assert_exit(second, WRONG_STATE, "another 'strata measure'")
            running.send_signal(signal.SIGINT)
            out, _ = running.communicate(timeout=LONGEST)
        self.assertEqual((running.returncode, out), (-signal.SIGINT, ""))
        self.assertEqual(self.server.resources(), [])


if __name__ == "__main__":
    unittest.main()
