// Shares that grow over the years, each by itself.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/numerics/logistic.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

double Logit(double share) { return std::log(share / (1 - share)); }
double FromLogit(double logit) { return 1 / (1 + std::exp(-logit)); }

const std::vector<std::string> kAdopted = {"container", "sandbox", "wasm"};

// E(t): in a straight line from what it is in 2024, until it is 0 or 1.
struct Maturity {
  double now;
  double growth;

  // How long it changes, and what it is from then on.
  [[nodiscard]] double End() const { return growth == 0 ? now : growth > 0 ? 1 : 0; }
  [[nodiscard]] double YearsToEnd() const { return growth == 0 ? 0 : (End() - now) / growth; }
  // Its integral over the first `years`.
  [[nodiscard]] double Over(double years) const {
    const double moving = std::min(years, YearsToEnd());
    return moving * (now + growth * moving / 2) + (years - moving) * End();
  }
  // After how many years its integral is `sum`; undefined: never.
  [[nodiscard]] double YearsUntil(double sum) const {
    if (sum == 0) return 0;
    if (!(sum > 0)) return kUndefined;
    const double moved = Over(YearsToEnd());
    if (sum > moved) return YearsToEnd() + (sum - moved) / End();
    return 2 * sum / (now + std::sqrt(std::max(now * now + 2 * growth * sum, 0.0)));
  }
};

// dP/dt = r * P * (1 - P/K) * E(t), of each technology by itself.
struct Adopted {
  double start;
  double rate;
  double cap;
  Maturity maturity;

  Adopted(const Inputs& in, const std::string& name)
      : start(in[name + ".P_2024"]),
        rate(in[name + ".r"]),
        cap(in[name + ".K"]),
        maturity{in[name + ".E_now"], in[name + ".E_growth"]} {}

  [[nodiscard]] double At(double year) const {
    return numerics::Logistic(start, cap, rate * maturity.Over(year - kFirstYear));
  }
};

// When E(t) comes up to the threshold; undefined: it is above it, or never does.
double CrossingOf(const Maturity& maturity, double threshold) {
  const double missing = threshold - maturity.now;
  return missing >= 0 ? kFirstYear + missing / std::max(maturity.growth, 0.0) : kUndefined;
}

Outputs EvaluateAdoption(const Inputs& in) {
  Outputs out;
  for (const double year : {kFirstYear + 1, kForecastYear}) {
    for (const char* name : {"wasm", "sandbox", "container"}) {
      out.Add(fmt::format("{}.P_{}", name, year), Adopted(in, name).At(year));
    }
  }
  for (const std::string& name : kAdopted) {
    const Adopted adopted(in, name);
    const double forecast = in[name + ".forecast_2025"];
    const double growth = numerics::LogisticGrowth(adopted.start, adopted.cap, forecast);
    out.Add(name + ".years_to_forecast", adopted.maturity.YearsUntil(growth / adopted.rate),
            "years");
    out.Add(
        name + ".P_2024_needed",
        numerics::LogisticStart(forecast, adopted.cap, adopted.rate * adopted.maturity.Over(1)));
    out.Add(name + ".turning_point", adopted.cap / 2);
  }
  const Maturity wasm = Adopted(in, "wasm").maturity;
  out.Add("wasm.E_missing", in["E_threshold"] - wasm.now);
  out.Add("wasm.E_crossing", CrossingOf(wasm, in["E_threshold"]), "year");
  return out;
}

Plot PlotAdoption(const Inputs& in) {
  LinePlot plot{kYearAxis, kShareAxis, {}};
  for (const std::string& name : kAdopted) {
    const Adopted adopted(in, name);
    plot.lines.push_back(Curve(name, kFirstYear, kForecastYear,
                               [&adopted](double year) { return adopted.At(year); }));
  }
  return plot;
}

Model Adoption(const Json& fact) {
  ParameterList parameters(fact);
  parameters.Take("technologies.*.r", kPerYear)
      .Take("technologies.*.K", {"", 1e-3, 1})
      .Take("technologies.*.E_now", kShare)
      .Take("technologies.*.forecast_2025", kShare)
      .Take("E_threshold", kShare);
  for (const auto& [name, technology] : fact.at("parameters").at("technologies").items()) {
    parameters.Stated(name + ".P_2024", technology.at("P_2024_used").get<double>(), {"", 1e-6, 1},
                      technology.at("P_2024_source").get<std::string>());
    parameters.Assume(name + ".E_growth", 0, {"1/year", -1, 1},
                      {"no dynamics of E are given: constant; otherwise linear, up to 1",
                       "未给出 E 的动态：取常数；否则线性增长至 1"});
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = EvaluateAdoption;
  for (const std::string& name : kAdopted) {
    model.checks.push_back({"", {name + ".P_2025"}, {}});
  }
  model.checks[0].id = "p2025_container";
  model.checks[1].id = "p2025_sandbox";
  model.checks[2].id = "p2025_wasm";
  model.checks.push_back(
      {"exponential_phase",
       {"container.turning_point", "sandbox.turning_point", "wasm.turning_point"},
       {}});
  model.checks.push_back({"wasm_crossing", {"wasm.E_missing"}, {}});
  model.plot = PlotAdoption;
  return model;
}

Model SCurvePositions(const Json& fact) {
  ParameterList parameters(fact);
  for (const Json& position : fact.at("parameters").at("positions")) {
    const char* key = position.contains("value") ? "value" : "min_exclusive";
    parameters.Stated(position.at("tech").get<std::string>() + ".penetration",
                      position.at(key).get<double>(), kShare, fact.at("source").get<std::string>());
  }
  parameters.Stated("wasm.forecast_2025", 0.12, kShare, "002 C§2.1");
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const std::string name : {"wasm", "sandbox", "container"}) {
      out.Add(name + ".penetration", 100 * in[name + ".penetration"], "%");
    }
    out.Add("wasm.forecast_2025", 100 * in["wasm.forecast_2025"], "%");
    return out;
  };
  model.checks = {{"versus_forecast", {"wasm.forecast_2025"}, [](const Outputs& out) {
                     return RoundsTo(out["wasm.forecast_2025"], out["wasm.penetration"]);
                   }}};
  return model;
}

const std::vector<std::string> kTracks = {"cdn", "api", "ai"};
constexpr double kTrackYears[] = {2025, 2027, 2030};

// The share of a track: linear in the logit between the years that are given, and beyond them.
double TrackAt(const Inputs& in, const std::string& track, double year) {
  const double logits[] = {Logit(in[track + ".2025"]), Logit(in[track + ".2027"]),
                           Logit(in[track + ".2030"])};
  const std::size_t from = year < kTrackYears[1] ? 0 : 1;
  const double way = (year - kTrackYears[from]) / (kTrackYears[from + 1] - kTrackYears[from]);
  return FromLogit(std::lerp(logits[from], logits[from + 1], way));
}

Model ScenarioPenetration(const Json& fact) {
  constexpr Kind kInside{"", 1e-4, 0.9999};
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("tracks.*.2025", kInside)
          .Take("tracks.*.2027", kInside)
          .Take("tracks.*.2030", kInside)
          .Take("blockchain_2027", kShare)
          .Take("iot_2030", kShare)
          .Stated("cap", 0.75, {"", 0, 1, kExact}, "002 C§2.1")
          .Stated("cap_in_competition", 0.8, {"", 0, 1, kExact}, "002 C§5.1")
          .Assume("year", 2028, kYear, {"between the years that are given", "介于所给年份之间"});
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    double above = 0;
    for (const std::string& track : kTracks)
      out.Add(track + ".share", TrackAt(in, track, in["year"]));
    for (const std::string& track : kTracks) {
      const double middle = Logit(in[track + ".2027"]);
      out.Add(track + ".rate_2025_2027", (middle - Logit(in[track + ".2025"])) / 2, "1/year");
      out.Add(track + ".rate_2027_2030", (Logit(in[track + ".2030"]) - middle) / 3, "1/year");
      above += in[track + ".2030"] > in["cap"] ? 1 : 0;
    }
    for (const char* name : {"blockchain_2027", "iot_2030"}) above += in[name] > in["cap"] ? 1 : 0;
    out.Add("forecasts_above_cap", above);
    out.Add("cap", in["cap"]);
    out.Add("cap_in_competition", in["cap_in_competition"]);
    return out;
  };
  model.checks = {{"versus_cap", {"cap", "cap_in_competition"}, [](const Outputs& out) {
                     return out["forecasts_above_cap"] == 0;
                   }}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{kYearAxis, kShareAxis, {}};
    for (const std::string& track : kTracks) {
      plot.lines.push_back(
          Curve(track, 2025, 2030, [&](double year) { return TrackAt(in, track, year); }));
    }
    return plot;
  };
  return model;
}

Model TheoremTipping(const Json& fact) {
  constexpr Kind kGrowth{"1/year", 0, 1};
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("CRI_now.*", kPositive, "CRI")
          .Stated("score_most", 5, {"", 1, 10, kExact},
                  Text{"002 C§1.1, both scores", "002 C§1.1，两项评分"})
          .Assume("year_now", 2025, {"year", 1900, 2200, kExact}, {"the document's", "取自文档"})
          .Unknown("wasm.growth", 0.25, kGrowth,
                   {"no dynamics of CRI are given", "未给出 CRI 的动态"})
          .Unknown("container.growth", 0, kGrowth,
                   {"no dynamics of CRI are given", "未给出 CRI 的动态"});
  model.evaluate = [](const Inputs& in) {
    const double factor = in["CRI.container"] / in["CRI.wasm"];
    const double years =
        std::log(factor) / (std::log1p(in["wasm.growth"]) - std::log1p(in["container.growth"]));
    Outputs out;
    out.Add("t_c", years >= 0 ? in["year_now"] + years : kUndefined, "year");
    out.Add("factor_needed", factor);
    out.Add("cap", in["score_most"] * in["score_most"]);
    out.Add("CRI.container", in["CRI.container"]);
    out.Add("score_needed", std::sqrt(in["CRI.container"]));
    return out;
  };
  model.checks = {{"reachable", {"factor_needed", "cap", "CRI.container"}, {}}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{kYearAxis, {"CRI", "综合就绪指数"}, {}};
    for (const std::string name : {"wasm", "container"}) {
      plot.lines.push_back(Curve(name, in["year_now"], in["year_now"] + 5, [&](double year) {
        return in["CRI." + name] * std::pow(1 + in[name + ".growth"], year - in["year_now"]);
      }));
    }
    return plot;
  };
  return model;
}

Model CoreConclusionB(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("horizon_years", {"years", 1, 100})
                         .Take("share_min_percent", {"%", 0.01, 99.99})
                         .Stated("share_now", 5, {"%", 0.01, 99.99}, "002 B§3.1 (2024-2025)");
  model.evaluate = [](const Inputs& in) {
    const double from = Logit(in["share_now"] / 100);
    const double to = Logit(in["share_min_percent"] / 100);
    Outputs out;
    out.Add("rate_needed", (to - from) / in["horizon_years"], "1/year");
    out.Add("growth_needed",
            std::pow(in["share_min_percent"] / in["share_now"], 1 / in["horizon_years"]));
    return out;
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double from = Logit(in["share_now"] / 100);
    const double rate = (Logit(in["share_min_percent"] / 100) - from) / in["horizon_years"];
    LinePlot plot{{"years from now", "距今年数"}, {"share, %", "份额，%"}, {}};
    plot.lines.push_back(Curve("logistic", 0, in["horizon_years"], [from, rate](double years) {
      return 100 * FromLogit(from + rate * years);
    }));
    return plot;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"adoption", Adoption},
    {"s_curve_positions", SCurvePositions},
    {"scenario_penetration", ScenarioPenetration},
    {"theorem_tipping", TheoremTipping},
    {"core_conclusion_b", CoreConclusionB},
};

}  // namespace

std::span<const Entry> Dynamics() { return kEntries; }

}  // namespace strata::advisor::models
