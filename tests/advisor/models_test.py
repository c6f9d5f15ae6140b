"""What `strata model` computes, computed again by NumPy and SciPy from the parameters that it prints.

Runs itself again with the Python of an environment that has them (again.py).
"""

import json
import os
import pathlib
import subprocess
import unittest

import again

STRATA = pathlib.Path(os.environ["STRATA_BIN"]) / "strata"

if __name__ == "__main__":
    again.run_again(__file__)

import numpy as np  # noqa: E402
from scipy import integrate, optimize, stats  # noqa: E402

STATES = ("virtualization", "container", "sandbox", "wasm")
YEAR = 2024


class Model:
    """A model's answer: `given` are its parameters, `found` its outputs."""

    def __init__(self, name, *words, draws=0):
        done = subprocess.run([STRATA, "model", name, "-o", "json", "--draws", str(draws), *words],
                              capture_output=True, text=True, check=True)
        self.sections = {section["id"]: section for section in json.loads(done.stdout)["sections"]}
        self.given = {row["parameter"]: row["value"] for row in self.sections["parameters"]["rows"]}
        self.found = {row["output"]: row["value"] for row in self.sections["results"]["rows"]}


def solve(derivative, start, *years):
    """The state at each of `years`, from `start` in 2024; Runge-Kutta of order 8."""
    solved = integrate.solve_ivp(derivative, (YEAR, max(years)), start, method="DOP853", t_eval=sorted(years),
                                 rtol=1e-11, atol=1e-12)
    return solved.y.T


class ModelsTest(unittest.TestCase):
    def assert_close(self, model, expected, digits=6):
        for name, value in expected.items():
            self.assertAlmostEqual(model.found[name], value, digits, name)

    def test_markov(self):
        for words in ((), ("--set", "wasm.wasm=0.6", "--set", "virtualization.wasm=0.3", "--set", "steps=9")):
            model = Model("markov", *words)
            chain = np.array([[model.given[f"{a}.{b}"] for b in STATES] for a in STATES])
            chain /= chain.sum(axis=1, keepdims=True)
            values, vectors = np.linalg.eig(chain.T)
            stationary = np.real(vectors[:, np.argmin(abs(values - 1))])
            stationary /= stationary.sum()
            start = np.array([model.given[f"initial.{a}"] for a in STATES])
            after = start @ np.linalg.matrix_power(chain, int(model.given["steps"]))
            self.assert_close(model, {f"stationary.{a}": stationary[i] for i, a in enumerate(STATES)}, 10)
            self.assert_close(model, {f"after_steps.{a}": after[i] for i, a in enumerate(STATES)}, 10)

    def test_adoption_with_a_maturity_that_grows(self):
        for growth in ("0", "0.1", "-0.05"):
            model = Model("adoption", "--set", f"wasm.E_growth={growth}", "--set", f"sandbox.E_growth={growth}")
            given = model.given
            for name in ("container", "sandbox", "wasm"):
                def derivative(t, p, name=name):
                    maturity = min(max(given[f"{name}.E_now"] + given[f"{name}.E_growth"] * (t - YEAR), 0), 1)
                    return given[f"{name}.r"] * p * (1 - p / given[f"{name}.K"]) * maturity
                states = solve(derivative, [given[f"{name}.P_2024"]], 2025, 2030)
                self.assert_close(model, {f"{name}.P_2025": states[0][0], f"{name}.P_2030": states[1][0]})

    @staticmethod
    def competition(given):
        def derivative(_, state):
            c, s, w = state
            return [given["r1"] * c * (1 - c / given["K1"]) - given["alpha1"] * w * c - given["beta1"] * s * c,
                    given["r2"] * s * (1 - s / given["K2"]) - given["alpha2"] * w * s + given["beta2"] * s * c,
                    given["r3"] * w * (1 - w / given["K3"]) + given["alpha3"] * w * c + given["alpha4"] * w * s]
        return derivative

    def test_lotka_volterra(self):
        for words in ((), ("--set", "alpha1=0.05", "--set", "r1=0.4")):
            model = Model("lotka_volterra", *words)
            derivative = self.competition(model.given)
            start = [model.given[f"initial.{name}"] for name in "CSW"]
            later, steady = solve(derivative, start, 2030, 6000)
            steady = optimize.fsolve(lambda state: derivative(0, state), steady, xtol=1e-13)
            self.assert_close(model, {f"later.{name}": later[i] for i, name in enumerate("CSW")})
            self.assert_close(model, {f"steady.{name}": steady[i] for i, name in enumerate("CSW")})

    def test_npv(self):
        for words in ((), ("--set", "discount_rate=0.03", "--set", "years=9", "--set", "kata.annual_cash_flow=0.9")):
            model = Model("npv", *words)
            for name in ("container", "kata", "wasm"):
                flows = [model.given[f"{name}.initial_investment"]]
                flows += [model.given[f"{name}.annual_cash_flow"]] * int(model.given["years"])
                worth = lambda rate, flows=flows: sum(f / (1 + rate) ** t for t, f in enumerate(flows))
                self.assert_close(model, {
                    f"{name}.npv": worth(model.given["discount_rate"]),
                    f"{name}.irr": 100 * optimize.brentq(worth, -0.9, 10, xtol=1e-14),
                    f"{name}.payback": -flows[0] / flows[1]}, 9)

    def test_scenario_score(self):
        model = Model("scenario_score")
        scenarios = ("finance_risk", "flash_sale", "erp", "iot_edge", "ai_training")
        weights = 5 * np.array([[model.given[f"{scenario}.weights.{name}"] for name in
                                 ("security", "performance", "cost")] for scenario in scenarios])
        for technology in ("container", "wasm"):
            scores = np.array([model.given[f"{scenario}.{technology}_score"] for scenario in scenarios])
            fit, *_ = np.linalg.lstsq(weights, scores, rcond=None)
            self.assert_close(model, {f"fitted.{technology}.{scenario}": value for scenario, value in
                                      zip(scenarios, weights @ fit)}, 10)
            self.assert_close(model, {f"fitted.{technology}.error": max(abs(weights @ fit - scores))}, 10)

    def test_exact_bounds(self):
        for calls, late in ((299, 0), (1000, 4), (7, 7)):
            model = Model("startup_contract", "--set", f"wasm.calls={calls}", "--set", f"wasm.late={late}")
            bound = 1 if late == calls else stats.beta.ppf(0.95, late + 1, calls - late)
            self.assert_close(model, {"wasm.late_at_most": 100 * bound}, 8)
        model = Model("tla_invariant")
        self.assert_close(model, {"container.violated_at_most": 100 * stats.beta.ppf(0.95, 48, 53)}, 8)

    def test_monte_carlo(self):
        """Other draws of the same distribution: quantiles agree as far as 200,000 draws tell."""
        model = Model("density", draws=200_000)
        random = np.random.default_rng(1)
        draw = lambda name: model.given[name] * random.uniform(0.9, 1.1, 200_000)
        densities = draw("N") * (1 - draw("wasm.overhead")) / draw("wasm.R")
        row = next(row for row in model.sections["uncertainty"]["rows"] if row["output"] == "density.wasm")
        for key, value in (("mean", densities.mean()), ("deviation", densities.std(ddof=1)),
                           *((f"p{n:02}", np.quantile(densities, n / 100)) for n in (5, 50, 95))):
            self.assertAlmostEqual(row[key] / value, 1, 2, key)


if __name__ == "__main__":
    unittest.main()
