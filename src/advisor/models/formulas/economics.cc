// Money: what is spent, and what it brings.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/numerics/finance.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr double kMinutesPerYear = 365 * 24 * 60;

double ReductionPercent(double from, double to) { return 100 * (1 - to / from); }

Model Tco(const Json& fact) {
  constexpr Kind kCost{"", 0, 1e6};
  const Text why{
      "the base costs of no case are given: equal ones, any mix of the same sum is as likely",
      "未给出任何情形的基础成本：取相等，总和相同的各种比例同样可能"};
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("coefficients.*.density", kPositive)
                         .Take("coefficients.*.complexity", kPositive)
                         .Take("coefficients.*.risk", kPositive)
                         .Part("infrastructure_cost", 1, kCost, why)
                         .Part("operations_labour", 1, kCost, why)
                         .Part("security_loss", 1, kCost, why);
  model.evaluate = [](const Inputs& in) {
    const auto total = [&in](const std::string& tier) {
      return in["infrastructure_cost"] * in[tier + ".density"] +
             in["operations_labour"] * in[tier + ".complexity"] +
             in["security_loss"] * in[tier + ".risk"];
    };
    const auto less = [&in](const std::string& coefficient, const std::string& tier) {
      return ReductionPercent(in["container." + coefficient], in[tier + "." + coefficient]);
    };
    const std::array parts{less("density", "wasm"), less("complexity", "wasm"),
                           less("risk", "wasm")};
    Outputs out;
    out.Add("container_to_wasm.reduction", ReductionPercent(total("container"), total("wasm")),
            "%");
    out.Add("container_to_wasm.least", *std::ranges::min_element(parts), "%");
    out.Add("container_to_wasm.most", *std::ranges::max_element(parts), "%");
    out.Add("container_to_sandbox.reduction",
            ReductionPercent(total("container"), total("sandbox")), "%");
    out.Add("container_to_sandbox.risk_reduction", less("risk", "sandbox"), "%");
    out.Add("density_ratio", in["container.density"] / in["wasm.density"]);
    for (const char* tier : {"virtualization", "container", "sandbox", "wasm"}) {
      out.Add(std::string("total.") + tier, total(tier));
    }
    return out;
  };
  model.checks = {
      {"ecommerce_tco_reduction",
       {"container_to_wasm.reduction", "container_to_wasm.least", "container_to_wasm.most"},
       {}},
      {"finance_audit_cost", {"container_to_sandbox.risk_reduction"}, {}},
      {"density_vs_coefficient",
       {"density_ratio"},
       [](const Outputs& out) { return RoundsTo(out["density_ratio"], 200); }},
  };
  return model;
}

// What an investment is worth now that brings the same every year.
double NetPresentValue(const Inputs& in, const std::string& investment, double rate) {
  return in[investment + ".initial_investment"] +
         in[investment + ".annual_cash_flow"] * numerics::AnnuityFactor(rate, in["years"]);
}

void AddInvestment(const Inputs& in, const std::string& name, Outputs& out) {
  const double rate = in["discount_rate"];
  const double spent = -in[name + ".initial_investment"];
  const double flow = in[name + ".annual_cash_flow"];
  const double npv = NetPresentValue(in, name, rate);
  const auto irr = numerics::InternalRate(spent, flow, in["years"]);
  out.Add(name + ".npv", npv, "million yuan");
  out.Add(name + ".irr", 100 * irr.value_or(kUndefined), "%");
  out.Add(name + ".payback", numerics::PaybackYears(spent, flow, 0).value_or(kUndefined), "years");
  out.Add(name + ".discounted_payback",
          numerics::PaybackYears(spent, flow, rate).value_or(kUndefined), "years");
  out.Add(name + ".npv_per_investment", npv / spent);
}

Plot NpvByRate(const Inputs& in) {
  LinePlot plot{{"discount rate", "折现率"}, {"NPV, million yuan", "净现值，百万元"}, {}};
  for (const char* name : {"container", "kata", "wasm"}) {
    plot.lines.push_back(
        Curve(name, 0, 0.5, [&](double rate) { return NetPresentValue(in, name, rate); }));
  }
  return plot;
}

Model Npv(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("discount_rate", {"", 0, 10})
                         .Take("years", kWholeYears)
                         .Take("investments.*.initial_investment", {"million yuan", -kMost, 0})
                         .Take("investments.*.annual_cash_flow", kMillions)
                         .Take("risk_sigma.*", kPositive, "risk_sigma");
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const char* name : {"wasm", "container", "kata"}) AddInvestment(in, name, out);
    for (const std::string name : {"wasm", "container"}) {
      out.Add(name + ".npv_per_sigma", out[name + ".npv"] / in["risk_sigma." + name]);
      out.Add(name + ".risk_sigma", in["risk_sigma." + name]);
    }
    return out;
  };
  for (const std::string name : {"container", "kata", "wasm"}) {
    for (const auto* figure : {"npv", "irr", "payback"}) {
      model.checks.push_back({"", {name + "." + figure}, {}});
    }
  }
  constexpr std::array<std::string_view, 9> kIds{
      "npv_container", "irr_container", "payback_container", "npv_kata",    "irr_kata",
      "payback_kata",  "npv_wasm",      "irr_wasm",          "payback_wasm"};
  for (std::size_t i = 0; i < kIds.size(); ++i) model.checks[i].id = kIds[i];
  model.checks.push_back(
      {"wasm_highest", {"wasm.npv", "kata.npv", "container.npv"}, [](const Outputs& out) {
         return out["wasm.npv"] > out["kata.npv"] && out["wasm.npv"] > out["container.npv"];
       }});
  model.checks.push_back(
      {"risk", {"wasm.risk_sigma", "container.risk_sigma"}, [](const Outputs& out) {
         return out["wasm.risk_sigma"] > out["container.risk_sigma"];
       }});
  model.plot = NpvByRate;
  return model;
}

// What the WASM investment brings, before it is paid for.
double GrossValue(const Inputs& in) {
  return in["annual_cash_flow"] * numerics::AnnuityFactor(in["discount_rate"], in["years"]);
}

Plot OptionByChance(const Inputs& in) {
  const double printed = std::max(in["NPV_WASM"] - in["Investment"], 0.0);
  const double gross = std::max(GrossValue(in) - in["Investment"], 0.0);
  LinePlot plot{{"P(ecosystem mature)", "生态成熟概率"},
                {"option value, million yuan", "期权价值，百万元"},
                {}};
  plot.lines.push_back(Curve("as printed", 0, 1, [printed](double p) { return printed * p; }));
  plot.lines.push_back(Curve("of the gross value", 0, 1, [gross](double p) { return gross * p; }));
  return plot;
}

Model RealOption(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("NPV_WASM", kMillions)
                         .Take("Investment", {"million yuan", 0})
                         .Take("P_now", kShare)
                         .Take("P_threshold", kShare)
                         .Stated("annual_cash_flow", 3.2, kMillions, "002 C§7.1")
                         .Stated("discount_rate", 0.1, {"", 0, 10}, "002 C§7.1")
                         .Stated("years", 5, kWholeYears, "002 C§7.1");
  model.evaluate = [](const Inputs& in) {
    const double payoff = in["NPV_WASM"] - in["Investment"];
    const double gross = GrossValue(in);
    Outputs out;
    out.Add("option_value", std::max(payoff, 0.0) * in["P_now"], "million yuan");
    out.Add("option_value_at_threshold", std::max(payoff, 0.0) * in["P_threshold"], "million yuan");
    out.Add("without_max", payoff * in["P_now"], "million yuan");
    out.Add("without_max_at_threshold", payoff * in["P_threshold"], "million yuan");
    out.Add("printed_payoff", payoff, "million yuan");
    out.Add("gross_present_value", gross, "million yuan");
    out.Add("gross_payoff", gross - in["Investment"], "million yuan");
    out.Add("option_value_gross", std::max(gross - in["Investment"], 0.0) * in["P_now"],
            "million yuan");
    return out;
  };
  model.checks = {
      {"option_value", {"option_value"}, {}},
      {"double_counting",
       {"gross_present_value", "option_value_gross"},
       [](const Outputs& out) { return RoundsTo(out["gross_payoff"], out["printed_payoff"]); }},
      {"wait_rule",
       {"option_value_at_threshold", "without_max_at_threshold"},
       [](const Outputs& out) { return out["option_value_at_threshold"] > out["option_value"]; }},
  };
  model.plot = OptionByChance;
  return model;
}

constexpr std::string_view kInvestIn[] = {"wasm", "container"};

Model OptimalMix(const Json& fact) {
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("known_inputs.U.*", kShare, "U")
          .Take("known_inputs.Risk_sigma.*", kPositive, "risk_sigma")
          .Take("claimed_mix.*", kShare, "mix")
          .Stated("P_success.wasm", 0.38, kShare, "002 C§7.2, P(ecosystem_mature)")
          .Unknown("P_success.container", 1, kShare,
                   {"given nowhere; 1 is the best case", "各处均未给出；1 为最好情形"});
  model.evaluate = [](const Inputs& in) {
    const double wasm = in["U.wasm"] / in["risk_sigma.wasm"];
    const double container = in["U.container"] / in["risk_sigma.container"];
    const double scores[] = {wasm * in["P_success.wasm"], container * in["P_success.container"]};
    Outputs out;
    out.Choose("best", scores[1] > scores[0] ? 1 : 0, kInvestIn);
    out.Add("score.wasm", scores[0]);
    out.Add("score.container", scores[1]);
    out.Add("container_wins_above", scores[0] / container);
    out.Add("score.wasm_at_1", wasm);
    out.Add("mix_sum", in["mix.wasm"] + in["mix.container"] + in["mix.sandbox"]);
    const auto in_mix = [&in](const char* name) { return in[name] > 0 ? 1.0 : 0.0; };
    out.Add("technologies_in_mix",
            in_mix("mix.wasm") + in_mix("mix.container") + in_mix("mix.sandbox"));
    return out;
  };
  model.checks = {
      {"shares_sum", {"mix_sum"}, {}},
      {"argmax",
       {"score.wasm", "score.container", "container_wins_above", "score.wasm_at_1"},
       [](const Outputs& out) { return out["technologies_in_mix"] == 1; }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double container = in["U.container"] / in["risk_sigma.container"];
    const double wasm = in["U.wasm"] / in["risk_sigma.wasm"];
    LinePlot plot{{"P(success)", "成功概率"}, {"U * P / risk", "U * P / 风险"}, {}};
    plot.lines.push_back(Curve("wasm", 0, 1, [wasm](double p) { return wasm * p; }));
    plot.lines.push_back(Curve("container", 0, 1, [container](double p) { return container * p; }));
    return plot;
  };
  return model;
}

Model BusinessModelFactors(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("cost_reduction_percent", kPercent)
                         .Take("availability_virtualization", kShare)
                         .Take("elasticity_wasm", kShare)
                         .Take("reliability_factor", kPositive)
                         .Take("efficiency_factor", kPositive)
                         .Take("vendor_price_discount_percent", kPercent)
                         .Take("switch_months", {"months", 0});
  model.evaluate = [](const Inputs& in) {
    const double before = 1 - in["availability_virtualization"];
    const double after = 1 - in["elasticity_wasm"];
    Outputs out;
    out.Add("reliability_factor", before / after);
    out.Add("downtime_before", before * kMinutesPerYear, "minutes/year");
    out.Add("downtime_after", after * kMinutesPerYear, "minutes/year");
    out.Add("remaining_cost", 100 - in["cost_reduction_percent"], "%");
    out.Add("work_per_cost", in["efficiency_factor"]);
    out.Add("vendor_price", 100 - in["vendor_price_discount_percent"], "%");
    out.Add("claimed_reliability_factor", in["reliability_factor"]);
    return out;
  };
  model.checks = {{"sla_factor", {"reliability_factor"}, [](const Outputs& out) {
                     return RoundsTo(out["reliability_factor"], out["claimed_reliability_factor"]);
                   }}};
  return model;
}

Model AgilityInflection(const Json& fact) {
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("threshold", {"1/hour", 0})
          .Assume("change_frequency", 1, {"1/hour", 0},
                  {"whose frequency is asked is for the reader to set; the threshold itself",
                   "所问频率由读者设定；取阈值本身"});
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.YesNo("wasm_benefits_more", in["change_frequency"] > in["threshold"]);
    out.Add("frequency_over_threshold", in["change_frequency"] / in["threshold"]);
    return out;
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double threshold = in["threshold"];
    LinePlot plot{
        {"changes per hour", "每小时变更次数"}, {"WASM benefits more", "WASM 收益更高"}, {}};
    plot.lines.push_back(Curve("rule", 0, 2 * threshold, [threshold](double frequency) {
      return frequency > threshold ? 1.0 : 0.0;
    }));
    return plot;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"tco", Tco},
    {"npv", Npv},
    {"real_option", RealOption},
    {"optimal_mix", OptimalMix},
    {"business_model_factors", BusinessModelFactors},
    {"agility_inflection", AgilityInflection},
};

}  // namespace

std::span<const Entry> Economics() { return kEntries; }

}  // namespace strata::advisor::models
