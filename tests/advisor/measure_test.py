"""What `strata measure` says of samples, computed again by SciPy: intervals, contracts, drift.

Runs itself again with the Python of an environment that has it (again.py).
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import again

STRATA = pathlib.Path(os.environ["STRATA_BIN"]) / "strata"

if __name__ == "__main__":
    again.run_again(__file__)

import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402


def record(rows):
    return {"schema": "strata.dev/measurements/v2", "measured": "2026-11-27T17:30:00Z", "strata": "x", "mode": "full",
            "seconds": 1, "workload": "hello", "classes": [], "versions": {},
            "host": {"kernel": "k", "machine": "m", "processor": "p", "processors": 2, "memory_mib": 1024, "load": 0},
            "rows": [{"row": row, "in": "wasm", "unit": "MiB" if row == "memory" else "ms", "samples": list(samples)}
                     for row, samples in rows.items()]}


class MeasureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.random = np.random.default_rng(5)

    def ask(self, option, *records):
        files = []
        for number, each in enumerate(records):
            files.append(self.folder / f"{number}.json")
            files[-1].write_text(json.dumps(each))
        done = subprocess.run([STRATA, "--home", "/nonexistent", "-o", "json", "measure", option, *files],
                              capture_output=True, text=True, check=True)
        return {section["id"]: section["rows"] for section in json.loads(done.stdout)["sections"]}

    def test_intervals_are_those_of_the_binomial_quantile_test(self):
        for count in (2, 3, 6, 25, 100, 367, 368, 500):
            samples = np.round(self.random.lognormal(0, 0.5, count), 6)
            rows = self.ask("--show", record({"warm_start": samples}))["measured"]
            for label, share in (("warm start", 0.5), ("latency, 90 %", 0.9), ("latency, 99 %", 0.99)):
                row = next(each for each in rows if each["row"] == label)
                value = np.quantile(samples, share)
                self.assertAlmostEqual(row["measured"]["value"] / value, 1, 2)
                expected = stats.quantile_test(samples, p=share).confidence_interval(0.95)
                # An end is a sample and the value lies between two: the interval has it in any case.
                low, high = np.minimum(expected.low, value), np.maximum(expected.high, value)
                ends = [None if np.isnan(end) else float(f"{end:.3g}") for end in (low, high)]
                shown = row["interval"] or {"low": None, "high": None}
                self.assertEqual([shown["low"], shown["high"]], ends, (count, label))

    def test_ratios_are_those_of_the_percentile_bootstrap(self):
        """Other resamples of the same samples: the ends agree as far as 2000 of them tell."""
        samples = np.round(self.random.lognormal(0, 0.5, 121), 6)
        row = self.ask("--show", record({"warm_start": samples}))["spread"][0]
        expected = stats.bootstrap((samples[::2], samples[1::2]),
                                   lambda x, y, axis: np.median(x, axis=axis) / np.median(y, axis=axis),
                                   n_resamples=50_000, method="percentile", rng=7).confidence_interval
        self.assertAlmostEqual(row["halves"]["low"] / expected.low, 1, delta=0.03)
        self.assertAlmostEqual(row["halves"]["high"] / expected.high, 1, delta=0.03)

    def test_contracts_have_the_bounds_of_clopper_and_pearson(self):
        for quick, late in ((298, 0), (299, 0), (600, 3), (50, 50)):
            rows = self.ask("--show", record({"warm_start": quick * [1.0] + late * [20.0]}))["contracts"]
            row = next(each for each in rows if each["in"] == "wasm")
            low, high = (float(f"{end:.3g}") for end in (
                stats.binomtest(late, quick + late).proportion_ci(0.90, "exact")))
            self.assertEqual((row["late_share"]["low"], row["late_share"]["high"]), (low, high))
            self.assertEqual(row["verdict"].split()[0],
                             "holds" if high < 0.01 else "fails" if low > 0.01 else "not", (quick, late))

    def test_drift_is_what_mann_and_whitney_find_after_holm(self):
        old = {"warm_start": self.random.normal(10, 1, 40), "cold_start": self.random.normal(10, 1, 9),
               "memory": np.round(self.random.normal(10, 1, 30)), "compute": self.random.normal(10, 1, 60)}
        new = {"warm_start": self.random.normal(11.5, 1, 50), "cold_start": self.random.normal(15, 1, 8),
               "memory": np.round(self.random.normal(12, 1, 30)), "compute": self.random.normal(10, 1, 60)}
        shown = {row["row"]: row["p"] for row in self.ask("--compare", record(old), record(new))["drift"]}
        chances = {name: stats.mannwhitneyu(old[name], new[name],
                                            method="exact" if name == "cold_start" else "asymptotic").pvalue
                   for name in old}
        least = 0
        expected = {}
        for i, name in enumerate(sorted(chances, key=chances.get)):
            least = max(least, min(1, (len(chances) - i) * chances[name]))
            expected[name] = least
        labels = {"warm_start": "warm start", "cold_start": "cold start", "memory": "memory of a call",
                  "compute": "fixed computation"}
        self.assertEqual(set(shown), {labels[name] for name, p in expected.items() if p < 0.05})
        self.assertNotIn("fixed computation", shown)
        for name, p in expected.items():
            if p < 0.05:
                self.assertAlmostEqual(shown[labels[name]] / p, 1, 6, name)


if __name__ == "__main__":
    unittest.main()
