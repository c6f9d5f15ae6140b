// The technologies against each other: as a chain of steps, and as competitors.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/numerics/matrix.h"
#include "advisor/numerics/ode.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

using numerics::Matrix;
using numerics::State;
using numerics::Vector;

const std::vector<std::string> kStates = {"virtualization", "container", "sandbox", "wasm"};

Vector Named(const Inputs& in, const std::string& prefix) {
  Vector values;
  for (const std::string& state : kStates) values.push_back(in[prefix + "." + state]);
  return values;
}

double Sum(const Vector& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// The chain, with rows that sum to 1.
Matrix ChainOf(const Inputs& in) {
  Matrix chain;
  for (const std::string& from : kStates) {
    Vector row = Named(in, from);
    const double sum = Sum(row);
    for (double& each : row) each /= sum;
    chain.push_back(std::move(row));
  }
  return chain;
}

void AddNamed(const std::string& prefix, const Vector& values, Outputs& out) {
  for (std::size_t i = 0; i < kStates.size(); ++i) out.Add(prefix + "." + kStates[i], values[i]);
}

// What differs from 1 by less is shown as 1.
constexpr double kShownSum = 1e-6;

std::vector<Text> MarkovRemarks(const Inputs& in) {
  std::vector<Text> remarks;
  for (const std::string& state : kStates) {
    const double sum = Sum(Named(in, state));
    if (std::fabs(sum - 1) < kShownSum) continue;
    if (sum == 0) {
      remarks.push_back({"Row " + state + " has no chances: nothing follows from it.",
                         "行 " + state + " 的概率均为 0：无法由此得出结果。"});
      continue;
    }
    const std::string total = Figure(sum);
    remarks.push_back({"Row " + state + " sums to " + total +
                           ", not to 1: each of its chances is taken as its part of that.",
                       "行 " + state + " 之和为 " + total + "，不为 1：各概率按其占比计。"});
  }
  return remarks;
}

Outputs EvaluateMarkov(const Inputs& in) {
  const Matrix chain = ChainOf(in);
  const auto stationary = numerics::Stationary(chain);
  const Vector after =
      numerics::Times(Named(in, "initial"), numerics::Power(chain, in.Count("steps")));
  Outputs out;
  const Vector none(kStates.size(), kUndefined);
  const Vector shares = stationary.value_or(none);
  out.Add("stationary.wasm", shares[3]);
  for (std::size_t i = 0; i < 3; ++i) out.Add("stationary." + kStates[i], shares[i]);
  AddNamed("after_steps", after, out);
  AddNamed("claim_after_a_step", numerics::Times(Named(in, "claimed"), chain), out);
  for (const std::string& state : kStates) out.Add("row_sum." + state, Sum(Named(in, state)));
  out.Add("wasm.stays", chain[3][3]);
  out.Add("wasm.to_sandbox", chain[3][2]);
  out.Add("wasm.to_container", chain[3][1]);
  out.Add("wasm.falls_back", 1 - chain[3][3]);
  return out;
}

Plot PlotMarkov(const Inputs& in) {
  const Matrix chain = ChainOf(in);
  const std::uint64_t steps = std::max<std::uint64_t>(in.Count("steps"), 1);
  const std::uint64_t apart = 1 + (steps - 1) / (kCurvePoints - 1);
  const Matrix way = numerics::Power(chain, apart);
  std::vector<double> times;
  std::vector<State> states;
  for (std::uint64_t step = 0; step <= steps; step += apart) {
    times.push_back(static_cast<double>(step));
    states.push_back(states.empty() ? Named(in, "initial") : numerics::Times(states.back(), way));
  }
  LinePlot plot = PlotStates(kStates, times, states);
  plot.x = {"steps", "步数"};
  return plot;
}

std::vector<Parameter> MarkovParameters(const Json& fact) {
  const auto source = fact.at("source").get<std::string>();
  const Json& parameters = fact.at("parameters");
  ParameterList list(fact);
  for (const Json& row : parameters.at("matrix_rows_from")) {
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      list.Stated(row.at("from").get<std::string>() + "." + kStates[i],
                  row.at("p").at(i).get<double>(), kShare, source);
    }
  }
  list.Assume(
      "steps", 6, {"", 0, 10'000, kExact, Numbers::kWhole},
      {"a step is not stated: a year, from 2024 to 2030", "未说明步长：一年，自 2024 至 2030"});
  const Json& first = parameters.at("six_steps").at(0);
  const Json& claimed = CheckOf(fact, "claimed_is_stationary").at("claimed");
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    list.Stated("initial." + kStates[i], first.at("initial").at(i).get<double>(), kShare,
                first.at("initial_source").get<std::string>());
  }
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    list.Stated("claimed." + kStates[i], claimed.at(i).get<double>(), {"", 0, 1, kExact}, source);
  }
  return list;
}

Model Markov(const Json& fact) {
  Model model;
  model.parameters = MarkovParameters(fact);
  model.evaluate = EvaluateMarkov;
  model.remarks = MarkovRemarks;
  const auto each = [](const std::string& prefix) {
    std::vector<std::string> names;
    for (const std::string& state : kStates) names.push_back(prefix + "." + state);
    return names;
  };
  model.checks = {
      {"rows_sum", each("row_sum"),
       [](const Outputs& out) {
         return std::ranges::all_of(kStates, [&out](const std::string& state) {
           return std::fabs(out["row_sum." + state] - 1) < 1e-9;
         });
       }},
      {"stationary_virtualization", {"stationary.virtualization"}, {}},
      {"stationary_container", {"stationary.container"}, {}},
      {"stationary_sandbox", {"stationary.sandbox"}, {}},
      {"stationary_wasm", {"stationary.wasm"}, {}},
      {"claimed_is_stationary", each("claim_after_a_step"), {}},
      {"wasm_not_absorbing",
       {"wasm.stays", "wasm.to_sandbox", "wasm.to_container", "wasm.falls_back"},
       [](const Outputs& out) { return out["wasm.stays"] < 1; }},
  };
  model.plot = PlotMarkov;
  return model;
}

// What competes: container C, sandbox S, WASM W. Their growth, each by its share, is r - A * x.
struct Competition {
  Vector r;
  Matrix a;

  explicit Competition(const Inputs& in)
      : r{in["r1"], in["r2"], in["r3"]},
        a{{in["r1"] / in["K1"], in["beta1"], in["alpha1"]},
          {-in["beta2"], in["r2"] / in["K2"], in["alpha2"]},
          {-in["alpha3"], -in["alpha4"], in["r3"] / in["K3"]}} {}

  [[nodiscard]] double GrowthOf(std::size_t i, const Vector& x) const {
    double growth = r[i];
    for (std::size_t j = 0; j < x.size(); ++j) growth -= a[i][j] * x[j];
    return growth;
  }
  void Derive(const State& x, State& rate) const {
    for (std::size_t i = 0; i < x.size(); ++i) rate[i] = x[i] * GrowthOf(i, x);
  }
  [[nodiscard]] static bool Among(unsigned some, std::size_t i) { return (some >> i & 1) != 0; }
  // Where those in `alive` (a bit each) stand still and the others are gone; NaN: nowhere.
  [[nodiscard]] Vector Equilibrium(unsigned alive) const {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < r.size(); ++i) {
      if (Among(alive, i)) kept.push_back(i);
    }
    if (kept.empty()) return Vector(r.size(), 0.0);
    Matrix equations;
    Vector right;
    for (const std::size_t i : kept) {
      Vector row;
      for (const std::size_t j : kept) row.push_back(a[i][j]);
      equations.push_back(std::move(row));
      right.push_back(r[i]);
    }
    const auto solved = numerics::Solve(equations, right);
    if (!solved) return Vector(r.size(), kUndefined);
    Vector x(r.size(), 0.0);
    for (std::size_t n = 0; n < kept.size(); ++n) x[kept[n]] = (*solved)[n];
    return x;
  }
  // Small disturbances of `x` die away, by those that are `present`.
  [[nodiscard]] bool Stable(const Vector& x, unsigned present) const {
    Matrix jacobian;
    for (std::size_t i = 0; i < r.size(); ++i) {
      if (!Among(present, i)) continue;
      Vector row;
      for (std::size_t j = 0; j < r.size(); ++j) {
        if (Among(present, j)) row.push_back(-x[i] * a[i][j] + (i == j ? GrowthOf(i, x) : 0));
      }
      jacobian.push_back(std::move(row));
    }
    return jacobian.empty() || numerics::GrowthRate(jacobian) < 0;
  }
  // The stable equilibria of those that are `present`.
  [[nodiscard]] std::vector<Vector> StableOnes(unsigned present) const {
    std::vector<Vector> stable;
    for (unsigned alive = 0; alive < 1U << r.size(); ++alive) {
      if ((alive & ~present) != 0) continue;
      Vector x = Equilibrium(alive);
      bool shares = true;  // of all that are alive, and of no other
      for (std::size_t i = 0; i < x.size(); ++i) shares &= x[i] > 0 || !Among(alive, i);
      if (shares && Stable(x, present)) stable.push_back(std::move(x));
    }
    return stable;
  }
  // The states at `years` from `start`; empty: without bound. Counts as `Integrate` does.
  [[nodiscard]] std::vector<State> From(const State& start, const std::vector<double>& years,
                                        std::uint64_t& evaluations) const {
    const auto derive = [this](const State& x, State& rate, double) { Derive(x, rate); };
    return numerics::Integrate(derive, start, years, evaluations).value_or(std::vector<State>());
  }
  // The stable equilibrium that the equations lead to from `start`; NaN: none.
  [[nodiscard]] Vector SteadyFrom(const State& start, std::uint64_t& evaluations) const;
};

double Distance(const Vector& a, const Vector& b) {
  double distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) distance = std::max(distance, std::fabs(a[i] - b[i]));
  return distance;
}

Vector Competition::SteadyFrom(const State& start, std::uint64_t& evaluations) const {
  constexpr double kNear = 0.01;
  constexpr double kLongest = 2048;  // years
  unsigned present = 0;
  for (std::size_t i = 0; i < start.size(); ++i) present |= start[i] > 0 ? 1U << i : 0;
  const std::vector<Vector> stable = StableOnes(present);
  if (stable.empty()) return Vector(r.size(), kUndefined);
  State now = start;
  const auto from_now = [&now](const Vector& x) { return Distance(x, now); };
  for (double years = 16; years <= kLongest; years *= 2) {
    std::vector<State> then = From(now, {0, years}, evaluations);
    if (then.empty()) return Vector(r.size(), kUndefined);
    now = std::move(then.back());
    const Vector& nearest = *std::ranges::min_element(stable, {}, from_now);
    if (from_now(nearest) < kNear) return nearest;
  }
  return *std::ranges::min_element(stable, {}, from_now);
}

const std::vector<std::string> kCompetitors = {"C", "S", "W"};

State StartOf(const Inputs& in) { return {in["initial.C"], in["initial.S"], in["initial.W"]}; }

Outputs EvaluateLotkaVolterra(const Inputs& in) {
  const Competition competition(in);
  std::uint64_t evaluations = 0;
  const Vector steady = competition.SteadyFrom(StartOf(in), evaluations);
  const Vector interior = competition.Equilibrium(7U);
  const auto states = competition.From(StartOf(in), {kFirstYear, in["year"]}, evaluations);
  const State later = states.empty() ? State(3, kUndefined) : states.back();
  State rate(3);
  competition.Derive({in["claimed.C"], in["claimed.S"], in["claimed.W"]}, rate);
  Outputs out;
  out.Worked(evaluations);
  for (const std::size_t i : {2U, 1U, 0U}) out.Add("steady." + kCompetitors[i], steady[i]);
  out.Add("steady.sum", Sum(steady));
  for (std::size_t i = 0; i < 3; ++i) out.Add("later." + kCompetitors[i], later[i]);
  out.Add("later.sum", Sum(later));
  for (std::size_t i = 0; i < 3; ++i) {
    out.Add("derivative_at_claim." + kCompetitors[i], rate[i], "1/year");
  }
  for (std::size_t i = 0; i < 3; ++i) out.Add("coexistence." + kCompetitors[i], interior[i]);
  return out;
}

std::vector<Check> LotkaVolterraChecks() {
  const auto near_zero = [](double number) { return std::fabs(number) < 0.005; };
  return {
      {"steady_C", {"steady.C"}, {}},
      {"steady_S", {"steady.S"}, {}},
      {"steady_W", {"steady.W"}, {}},
      {"claimed_is_equilibrium",
       {"derivative_at_claim.C", "derivative_at_claim.S", "derivative_at_claim.W"},
       [near_zero](const Outputs& out) {
         return near_zero(out["derivative_at_claim.C"]) &&
                near_zero(out["derivative_at_claim.S"]) && near_zero(out["derivative_at_claim.W"]);
       }},
      {"coexistence",
       {"steady.S", "steady.W", "coexistence.C"},
       [](const Outputs& out) {
         return out["steady.C"] > 0 && out["steady.S"] > 0 && out["steady.W"] > 0;
       }},
      {"shares_sum",
       {"steady.sum", "later.sum"},
       [near_zero](const Outputs& out) {
         return near_zero(out["steady.sum"] - 1) && near_zero(out["later.sum"] - 1);
       }},
  };
}

Model LotkaVolterra(const Json& fact) {
  ParameterList parameters(fact);
  for (const char* name :
       {"r1", "alpha1", "beta1", "r2", "alpha2", "beta2", "r3", "alpha3", "alpha4"}) {
    parameters.Take(name, kPerYear);
  }
  for (const char* name : {"K1", "K2", "K3"}) parameters.Take(name, {"", 1e-3, 10});
  const Json& used = fact.at("parameters").at("initial_used");
  for (const std::string& name : kCompetitors) {
    parameters.Stated("initial." + name, used.at(name).get<double>(), kShare,
                      used.at("source").get<std::string>());
  }
  parameters.Assume("year", kForecastYear, {"year", kFirstYear, 2200, kExact},
                    {"the year of the other forecast, 002 C§2.2", "另一预测的年份，002 C§2.2"});
  for (const std::string& name : kCompetitors) {
    parameters.Stated("claimed." + name,
                      CheckOf(fact, "steady_" + name).at("claimed").get<double>(),
                      {"", 0, 1, kExact}, fact.at("source").get<std::string>());
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = EvaluateLotkaVolterra;
  model.checks = LotkaVolterraChecks();
  model.plot = [](const Inputs& in) -> Plot {
    const std::vector<double> years = EvenlyFrom(kFirstYear, kFirstYear + 60);
    std::uint64_t evaluations = 0;
    const auto states = Competition(in).From(StartOf(in), years, evaluations);
    return PlotStates(kCompetitors, years, states);
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"markov", Markov},
    {"lotka_volterra", LotkaVolterra},
};

}  // namespace

std::span<const Entry> Evolution() { return kEntries; }

}  // namespace strata::advisor::models
