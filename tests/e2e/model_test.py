"""`strata model` without a server: every form and language, what it refuses, and that the same seed prints the same."""

import json
import subprocess
import unittest

from e2e.support import BIN, DONE, NOT_FOUND, USAGE


def model(*words):
    return subprocess.run([str(BIN / "strata"), "model", *words], capture_output=True, text=True, timeout=60, check=False)


class ModelTest(unittest.TestCase):
    def answer(self, *words):
        done = model(*words, "-o", "json")
        self.assertEqual(done.returncode, DONE, done.stderr)
        return {section["id"]: section for section in json.loads(done.stdout)["sections"]}

    def assert_refused(self, code, *words, says):
        done = model(*words)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(says, done.stderr)

    def test_the_list_has_all_fifty_with_their_claims(self):
        rows = self.answer("--list")["models"]["rows"]
        self.assertEqual(len(rows), 50)
        self.assertEqual(rows, self.answer()["models"]["rows"])
        for row in rows:
            checks = self.answer(row["model"], "--draws", "0").get("checks", {"rows": []})["rows"]
            counted = [sum(check["agrees"] is each for check in checks) for each in (True, False)]
            self.assertEqual([row["agree"], row["disagree"]], counted, row["model"])
            self.assertEqual(row["not_computable"], len(checks) - sum(counted), row["model"])

    def test_a_claim_is_shown_beside_what_is_recomputed(self):
        rows = {row["check"]: row for row in self.answer("markov")["checks"]["rows"]}
        self.assertEqual(rows["stationary_virtualization"]["claimed"], 0.08)
        self.assertAlmostEqual(rows["stationary_virtualization"]["recomputed"], 0.0249, 4)
        self.assertIs(rows["stationary_virtualization"]["agrees"], False)
        self.assertIs(rows["stationary_container"]["agrees"], True)

    def test_what_is_set_changes_the_result_and_is_shown(self):
        sections = self.answer("ecommerce_cold_start", "--set", "to_ms=0.008s")
        self.assertIn({"output": "within_contract", "value": "yes"},
                      [{key: row[key] for key in ("output", "value")} for row in sections["results"]["rows"]])
        self.assertIn("set; was 15", str(sections["parameters"]["rows"]))

    def test_every_form_and_both_languages(self):
        for form, part in (("table", "Sensitivity of"), ("markdown", "|"), ("csv", "parameter,label,value"), ("yaml", "sections:"),
                           ("svg", "</svg>")):
            done = model("adoption", "-o", form, "--draws", "100")
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertIn(part, done.stdout, form)
        self.assertIn("技术渗透率动力学模型", model("adoption", "--lang", "zh", "--draws", "0").stdout)

    def test_the_same_seed_prints_the_same(self):
        first = model("tco", "--seed", "7", "--draws", "500")
        self.assertEqual(first.stdout, model("tco", "--seed", "7", "--draws", "500").stdout)
        self.assertNotEqual(first.stdout, model("tco", "--seed", "8", "--draws", "500").stdout)

    def test_what_is_unknown_is_refused_with_the_nearest(self):
        self.assert_refused(NOT_FOUND, "markof", says="did you mean 'markov'")
        self.assert_refused(NOT_FOUND, "density", "--set", "wsm.R=1", says="wasm.R")
        self.assert_refused(NOT_FOUND, "npv", "--set", "discunt=8", says="did you mean 'discount_rate'?")
        self.assert_refused(NOT_FOUND, "density", "--of", "density.wsam", says="density.wasm")
        self.assert_refused(NOT_FOUND, "atomicity", "--set", "vm.coupling=hihg", says="high")
        self.assert_refused(USAGE, "startup_contract", "--set", "wasm.start=3month", says="did you mean 'months'?")
        self.assert_refused(USAGE, "startup_contract", "--set", "wasm.start=3sec", says="did you mean 's'?")

    def test_numbers_are_decimal_and_are_never_cut(self):
        self.assert_refused(USAGE, "density", "--seed", "18446744073709551616", says="no whole number")
        self.assert_refused(USAGE, "density", "--seed", "-1", says="below 0")
        self.assert_refused(USAGE, "density", "--draws", "010", says="no whole number")
        self.assert_refused(USAGE, "density", "--draws", "0x10", says="no whole number")
        self.assert_refused(USAGE, "npv", "--set", "years=4.9", says="whole number")
        self.assertEqual(model("density", "--seed", "18446744073709551615", "--draws", "10").returncode, DONE)

    def test_a_model_answers_whatever_its_parameters_are(self):
        self.assertIn("wasm.violated_at_most", str(self.answer("tla_invariant", "--set", "wasm_violations=600")))
        rows = {row["output"]: row for row in self.answer("npv", "--set", "years=1000", "--draws", "0")["results"]["rows"]}
        self.assertAlmostEqual(rows["wasm.irr"]["value"], 40, 6)

    def test_words_about_the_documents_figures_are_said_to_be_about_those(self):
        why = {row["check"]: row["why"] for row in
               self.answer("npv", "--set", "wasm.annual_cash_flow=3.6", "--draws", "0")["checks"]["rows"]}
        self.assertTrue(why["irr_wasm"].startswith("of the document's figures: "), why)
        self.assertNotIn("of the document's", str(self.answer("npv", "--draws", "0")["checks"]))

    def test_what_cannot_be_is_refused(self):
        for option in ("--set=years=2", "--of=wasm.npv", "--spread=0.2", "--draws=5", "--seed=2"):
            self.assert_refused(USAGE, option, says="requires name")
            self.assert_refused(USAGE, "--list", option, says="requires name")
        self.assert_refused(USAGE, "density", "--set", "wasm.R", says="NAME=VALUE")
        self.assert_refused(USAGE, "density", "--set", "wasm.overhead=2", says="at most 1")
        self.assert_refused(USAGE, "startup_contract", "--set", "wasm.start=3MiB", says="does not measure")
        self.assert_refused(USAGE, "density", "--draws", "2000000", says="at most 1000000")
        self.assert_refused(USAGE, "density", "--spread", "2", says="spread")
        self.assert_refused(USAGE, "density", "--lang", "de", says="de")
        self.assert_refused(USAGE, "density", "-o", "svgg", says="did you mean 'svg'?")


if __name__ == "__main__":
    unittest.main()
