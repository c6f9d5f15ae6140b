// Every figure of every model by a formula of its own, for parameters that are all different: a
// sign, a factor or a parameter that is taken for another shows, also where no claim is about it.
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/models/run.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

struct Formula {
  std::string model;
  std::vector<std::string> set;
  std::map<std::string, double> outputs;
};

double Logit(double share) { return std::log(share / (1 - share)); }

std::vector<Formula> MoneyFormulas() {
  const double annuity = (1 - std::pow(1.2, -3)) / 0.2;  // three years at 20 %
  return {
      {"tco",
       {"infrastructure_cost=2", "operations_labour=3", "security_loss=5"},
       {{"container_to_wasm.reduction", 100 * (1 - 2.82 / 10.5)},
        {"container_to_wasm.least", 25},
        {"container_to_wasm.most", 100 - 100.0 / 30},
        {"container_to_sandbox.reduction", 100 * (1 - 4.9 / 10.5)},
        {"total.virtualization", 2 * 1.0 + 3 * 1.2 + 5 * 0.5},
        {"total.container", 2 * 0.3 + 3 * 0.8 + 5 * 1.5},
        {"total.sandbox", 2 * 0.1 + 3 * 0.9 + 5 * 0.4},
        {"total.wasm", 2 * 0.01 + 3 * 0.6 + 5 * 0.2}}},
      {"npv",
       {"discount_rate=20%", "years=3", "wasm.annual_cash_flow=5", "risk_sigma.wasm=2"},
       {{"wasm.npv", 5 * annuity - 8},
        {"wasm.discounted_payback", std::log(1 / (1 - 8 * 0.2 / 5)) / std::log(1.2)},
        {"wasm.npv_per_investment", (5 * annuity - 8) / 8},
        {"wasm.npv_per_sigma", (5 * annuity - 8) / 2},
        {"container.npv", 0.8 * annuity - 2},
        {"container.discounted_payback", std::log(1 / (1 - 2 * 0.2 / 0.8)) / std::log(1.2)},
        {"container.npv_per_investment", (0.8 * annuity - 2) / 2},
        {"container.npv_per_sigma", (0.8 * annuity - 2) / 0.8},
        {"kata.npv", 1.5 * annuity - 4.5},
        {"kata.discounted_payback", std::log(1 / (1 - 4.5 * 0.2 / 1.5)) / std::log(1.2)},
        {"kata.npv_per_investment", (1.5 * annuity - 4.5) / 4.5}}},
      {"real_option",
       {"discount_rate=20%", "years=3", "NPV_WASM=9", "Investment=5"},
       {{"option_value", 4 * 0.38},
        {"option_value_at_threshold", 4 * 0.65},
        {"without_max", 4 * 0.38},
        {"without_max_at_threshold", 4 * 0.65},
        {"printed_payoff", 4},
        {"gross_present_value", 3.2 * annuity},
        {"gross_payoff", 3.2 * annuity - 5},
        {"option_value_gross", (3.2 * annuity - 5) * 0.38}}},
      {"real_option", {"Investment=13"}, {{"option_value_gross", 0}, {"option_value", 0}}},
      {"optimal_mix",
       {"P_success.wasm=0.5", "P_success.container=0.2"},
       {{"score.wasm", 0.5 * 0.89 / 2.1}, {"score.container", 0.2 * 0.61 / 0.8}}},
      {"optimal_mix", {"mix.wasm=0"}, {{"technologies_in_mix", 2}, {"mix_sum", 0.4}}},
      {"business_model_factors",
       {"availability_virtualization=0.99", "elasticity_wasm=0.998", "cost_reduction_percent=85",
        "efficiency_factor=6", "vendor_price_discount_percent=30", "reliability_factor=7"},
       {{"reliability_factor", 5},
        {"downtime_before", 5256},
        {"downtime_after", 1051.2},
        {"remaining_cost", 15},
        {"work_per_cost", 6},
        {"vendor_price", 70},
        {"claimed_reliability_factor", 7}}},
      {"agility_inflection",
       {"change_frequency=3", "threshold=2"},
       {{"frequency_over_threshold", 1.5}}},
  };
}

std::vector<Formula> GrowthFormulas() {
  return {
      {"s_curve_positions",
       {"wasm.penetration=0.06"},
       {{"wasm.penetration", 6}, {"sandbox.penetration", 25}, {"container.penetration", 70}}},
      {"scenario_penetration",
       {"year=2026"},
       {{"cdn.share", 1 / (1 + std::sqrt(19 * 1.5))},
        {"api.share", 1 / (1 + std::sqrt(0.97 / 0.03 * 0.65 / 0.35))},
        {"ai.share", 1 / (1 + std::sqrt(0.92 / 0.08))},
        {"cdn.rate_2025_2027", (Logit(0.4) - Logit(0.05)) / 2},
        {"cdn.rate_2027_2030", (Logit(0.75) - Logit(0.4)) / 3},
        {"api.rate_2025_2027", (Logit(0.35) - Logit(0.03)) / 2},
        {"api.rate_2027_2030", (Logit(0.7) - Logit(0.35)) / 3},
        {"ai.rate_2025_2027", (Logit(0.5) - Logit(0.08)) / 2},
        {"ai.rate_2027_2030", (Logit(0.85) - Logit(0.5)) / 3},
        {"forecasts_above_cap", 3}}},
      {"scenario_penetration", {"year=2030"}, {{"cdn.share", 0.75}, {"ai.share", 0.85}}},
      {"theorem_tipping",
       {"wasm.growth=0.5", "container.growth=0.2"},
       {{"t_c", 2025 + std::log(24 / 12.2) / std::log(1.5 / 1.2)},
        {"factor_needed", 24 / 12.2},
        {"score_needed", std::sqrt(24)}}},
      {"core_conclusion_b",
       {"horizon_years=4", "share_now=10"},
       {{"rate_needed", std::log(36) / 4}, {"growth_needed", std::pow(8, 0.25)}}},
      {"metcalfe",
       {"expected=2025.5"},
       {{"modules_when_expected", 5000 * std::sqrt(10)}, {"critical_mass.expected", 2025.5}}},
  };
}

std::vector<Formula> ScoreFormulas() {
  return {
      {"architecture_advantage",
       {"weight.unified_management=0.2", "weight.flexible_scheduling=0.3",
        "weight.smooth_evolution=0.1", "hybrid.unified_management=0.9",
        "hybrid.flexible_scheduling=0.5", "hybrid.smooth_evolution=0.3",
        "homogeneous.unified_management=0.4"},
       {{"advantage.hybrid", (0.18 + 0.15 + 0.03) / 0.6},
        {"advantage.homogeneous", (0.08 + 0.15 + 0.05) / 0.6},
        {"difference", 0.08 / 0.6}}},
      {"data_fluidity", {"Flowing=0.9", "Centralized=0.3"}, {{"flowing_over_centralized", 3}}},
      {"composability", {"reusable=no"}, {{"composability", 0.5}}},
      {"event_driven_degree", {"event_based_components=3"}, {{"event_driven_degree", 0.3}}},
      {"cri",
       {"vm.contributors=4000", "docker.contributors=250", "kata.contributors=9000",
        "quark.contributors=0", "wasm.contributors=16000", "kuasar.contributors=1000",
        "own.maturity=2", "own.contributors=4000", "own.toolchain=5", "own.community=4",
        "own.commercial_support=2", "own.standardization=1"},
       {{"cri.vm", 2 * 22.5},
        {"cri.docker", 24 / 2.0},
        {"cri.kata", 3 * 13.3},
        {"cri.quark", 0},
        {"cri.wasm", 4 * 12.16},
        {"cri.kuasar", 11.2},
        {"own.ecosystem_health", 1.5 + 1.2 + 0.5 + 0.15},
        {"cri.own", 2 * 3.35 * 2}}},
      {"ecosystem_maturity",
       {"WasmEdge.maturity=1.5", "sandbox_api_standardization_percent=70",
        "wasm_plugin_density_factor=8"},
       {{"mean", 4.05},
        {"least", 1.5},
        {"maturity.KVM_Xen", 5},
        {"maturity.Docker_Engine", 4.8},
        {"maturity.Kata_Runtime", 3.8},
        {"maturity.WasmEdge", 1.5},
        {"maturity.Kuasar", 3.5},
        {"maturity.Kubernetes", 5},
        {"maturity.Istio_Service_Mesh", 4.2},
        {"maturity.Prometheus", 4.9},
        {"maturity.Jaeger_Tracing", 4},
        {"maturity.Falco_security_monitoring", 3.8},
        {"sandbox_api_standardized", 70},
        {"wasm_plugin_density_factor", 8}}},
      {"expected_utility",
       {"wasm.performance=1", "wasm.security=0.2", "wasm.cost=0.6", "kata.security=0.9",
        "container.cost=0.1"},
       {{"utility.wasm", 0.3 + 0.08 + 0.18},
        {"utility.kata", 0.15 + 0.36 + 0.15},
        {"utility.container", 0.15 + 0.2 + 0.03}}},
      {"scenario_score",
       {"own.weights.security=0.5", "own.weights.performance=0.2", "own.weights.cost=0.1",
        "wasm.security=1", "wasm.performance=0.6", "wasm.cost=0.2", "container.security=0.3",
        "container.performance=0.7", "container.cost=0.9"},
       {{"own.wasm", 5 * 0.64 / 0.8}, {"own.container", 5 * 0.38 / 0.8}}},
      {"scenario_score",  // scores that three scores of each technology make, exactly
       {"finance_risk.container_score=1.7", "flash_sale.container_score=2.1",
        "erp.container_score=2.2", "iot_edge.container_score=1.8",
        "ai_training.container_score=2.2", "finance_risk.wasm_score=3.5",
        "flash_sale.wasm_score=2.625", "erp.wasm_score=2.625", "iot_edge.wasm_score=3.25",
        "ai_training.wasm_score=2.375"},
       {{"implied.container.security", 0.2},
        {"implied.container.performance", 0.4},
        {"implied.container.cost", 0.6},
        {"fitted.container.error", 0},
        {"implied.wasm.security", 1},
        {"implied.wasm.performance", 0.5},
        {"implied.wasm.cost", 0.25},
        {"fitted.wasm.error", 0}}},
      {"drivers_resistance",
       {"score.cost=1", "score.security=0.2", "score.performance=0.3", "score.ecosystem=0"},
       {{"driving_force", 40 + 6 + 6},
        {"weight.cost", 40},
        {"weight.security", 30},
        {"weight.performance", 20},
        {"weight.ecosystem", 10}}},
      {"theorem_value",
       {"rust_proficiency=0.45", "value_wasm=2"},
       {{"value", 2 - 0.125}, {"delta_tooling", -0.125}}},
      {"theorem_value", {"rust_proficiency=0.9"}, {{"value", 1}}},
  };
}

std::vector<Formula> CapacityFormulas() {
  return {
      {"platform_2026_targets",
       {"wasm_share=0.25", "resource_cost_reduction.value=55"},
       {{"instances", 26'500}, {"remaining_cost", 45}}},
      {"kuasar_claims",
       {"startup_improvement_percent=150", "memory_saving_percent=75", "memory_per_sandbox=2"},
       {{"memory_of_instances", 195.3125}, {"startup_factor", 2.5}, {"memory_factor", 4}}},
      {"state_compression",
       {"old.operations_per_day=8640000000", "new.operations_per_day=17280000000"},
       {{"gain", 2.5},
        {"operations_per_byte.old", 17.28},
        {"bytes_per_operation.old", 1 / 17.28},
        {"operations_per_second.old", 100'000},
        {"operations_per_byte.new", 43.2},
        {"bytes_per_operation.new", 1 / 43.2},
        {"operations_per_second.new", 200'000}}},
      {"formal_application",
       {"clock=2", "cycles.wasm=300000"},
       {{"startup.wasm", 0.15},
        {"startup.container", 5},
        {"startup.vm", 0.5},
        {"vm_over_wasm", 1e4 / 3},
        {"container_over_wasm", 100.0 / 3},
        {"container_attack_surface", 10'000}}},
      {"startup_contract",
       {"wasm.start=30", "penalty_percent_per_ms=2", "penalty_cap_percent=30", "wasm.calls=10",
        "container.calls=2", "wasm.limit_ms=9", "wasm.probability_min_exclusive=0.9"},
       {{"penalty.linear", 30},
        {"penalty.compounding", 100 * (1 - std::pow(0.98, 21))},
        {"ms_to_lose_all", 50},
        {"penalty.case_uncapped", 1570},
        {"wasm.late_at_most", 100 * (1 - std::pow(0.05, 0.1))},
        {"container.late_at_most", 100 * (1 - std::sqrt(0.05))},
        {"wasm.calls_to_show", 29},
        {"container.calls_to_show", 59},
        {"wasm.figures_above", 3}}},
      {"startup_contract", {"wasm.start=12"}, {{"penalty.linear", 1}}},
      {"tla_invariant",
       {"scenarios=2", "container_violations=2"},
       {{"wasm.violated_at_most", 100 * (1 - std::sqrt(0.05))},
        {"container.violated_at_most", 100}}},
      {"tla_invariant", {"wasm_violations=101"}, {{"wasm.violated_at_most", kUndefined}}},
      {"startup_contract", {"wasm.late=300"}, {{"wasm.late_at_most", kUndefined}}},
      {"gains_claimed",
       {"containerd_2.0.percent=-20"},
       {{"factor.containerd_2.0", 1.25},
        {"factor.Gatekeeper_3.15", 3},
        {"factor.Istio_WasmEdge", 3},
        {"factor.Istio_1.21_Ambient_Mesh", 2.5},
        {"factor.K3s_1.30", 2.5},
        {"factor.Kubernetes_1.30_dual_runtime_runc_WasmEdge", 2.5},
        {"below.WasmEdge_0.14", 1},
        {"below.Linkerd_2.16", 100}}},
      {"version_coverage", {"before=4"}, {{"gained", 9}}},
      {"wasm_cloud_2028", {"languages=15"}, {{"assumptions_met", 2}}},
  };
}

std::vector<Formula> StructureFormulas() {
  return {
      {"hybrid_architecture",
       {"Legacy_Apps=no", "Security_Sensitive_Services=no", "Function_Compute=no"},
       {{"sandbox_types", 2}, {"parts", 4}, {"needs.MicroVM", 0}, {"needs.WASM", 1}}},
      {"domain_model",
       {"aggregates=6", "events=24", "boundaries=2"},
       {{"elements", 32}, {"events_per_aggregate", 4}, {"aggregates_per_boundary", 3}}},
      {"implementation_stage", {"t=2025.7"}, {{"stage", 2}}},
      {"implementation_stage", {"t=2026"}, {{"stage", 2}}},
      {"milestone_status",
       {"current_time=2026.2"},
       {{"milestones_completed", 3}, {"status.Long_Term", 1}, {"status.Future", 0}}},
      {"layer_set", {"R=no", "S=no"}, {{"layers", 3}}},
      {"evolution_function", {"t=2019"}, {{"in_E", 3}, {"in_main_line", 4}, {"missing_in_E", 1}}},
      {"information_architecture", {"era=Containerization"}, {{"type", 1}}},
      {"data_sync_mechanism", {"type=Distributed"}, {{"mechanism", 1}}},
      {"stage_goal", {"stage=Medium_Term"}, {{"goal", 2}}},
      {"cognitive_path", {"level=expert"}, {{"path", 2}}},
      {"atomicity", {"container.coupling=high", "container.cohesion=low"}, {{"theorem_holds", 0}}},
      {"agility_inflection", {"change_frequency=3"}, {{"wasm_benefits_more", 1}}},
  };
}

std::vector<Formula> AllFormulas() {
  std::vector<Formula> all;
  for (const auto& group : {MoneyFormulas(), GrowthFormulas(), ScoreFormulas(), CapacityFormulas(),
                            StructureFormulas()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

TEST(FormulasTest, EveryFigureIsThatOfItsFormula) {
  for (const Formula& formula : AllFormulas()) {
    const auto run = Ask({.model = formula.model, .set = formula.set, .draws = 0});
    ASSERT_TRUE(run) << formula.model << ": " << run.error().message;
    for (const auto& [output, value] : formula.outputs) {
      const double found = run->outputs[output];
      const bool same = std::isnan(value)
                            ? std::isnan(found)
                            : std::fabs(found - value) <= 1e-9 * (1 + std::fabs(value));
      EXPECT_TRUE(same) << formula.model << " " << output << " is " << found << ", not " << value;
    }
  }
}

// By the equations themselves, in run_test.cc and tests/advisor/models_test.py.
const std::set<std::string> kSolved = {"adoption", "markov", "lotka_volterra"};

TEST(FormulasTest, NoFigureIsWithoutAFormulaOrAClaim) {
  std::set<std::string> known;
  for (const Formula& formula : AllFormulas()) {
    for (const auto& [output, value] : formula.outputs) known.insert(formula.model + " " + output);
  }
  for (const Json& fact : ModelFacts()) {
    const Model model = MakeModel(fact);
    if (kSolved.contains(model.id)) continue;
    for (const Check& check : model.checks) {
      for (const std::string& output : check.outputs) known.insert(model.id + " " + output);
    }
    const Outputs outputs = model.evaluate(Inputs(model.parameters));
    for (const Output& output : outputs.all()) {
      if (!output.levels.empty()) continue;
      EXPECT_TRUE(known.contains(model.id + " " + output.name)) << model.id << " " << output.name;
    }
  }
}

}  // namespace
}  // namespace strata::advisor::models
