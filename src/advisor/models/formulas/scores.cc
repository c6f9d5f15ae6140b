// Figures of merit, and choices by them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/models/checks.h"
#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/numerics/matrix.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr Kind kFiveStars{"", 1, 5};

// The mean of `scores`, by their weights; the weights need not sum to 1.
double Weighted(const std::vector<double>& weights, const std::vector<double>& scores) {
  double sum = 0;
  double all = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i] * scores[i];
    all += weights[i];
  }
  return sum / all;
}

std::vector<double> Values(const Inputs& in, const std::string& prefix,
                           std::span<const std::string_view> names) {
  std::vector<double> values;
  for (const std::string_view name : names) values.push_back(in[prefix + "." + std::string(name)]);
  return values;
}

constexpr std::string_view kAdvantages[] = {"unified_management", "flexible_scheduling",
                                            "smooth_evolution"};

Model ArchitectureAdvantage(const Json& fact) {
  ParameterList parameters(fact);
  for (const std::string_view name : kAdvantages) {
    parameters.Unknown("weight." + std::string(name), 1.0 / 3, kShare,
                       {"no weights are given: equal ones; they are divided by their sum",
                        "未给出权重：取相等；除以其和"});
  }
  for (const std::string architecture : {"hybrid", "homogeneous"}) {
    for (const std::string_view name : kAdvantages) {
      parameters.Unknown(architecture + "." + std::string(name), 0.5, kShare,
                         {"no scores are given: half of what there is", "未给出评分：取一半"});
    }
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    const std::vector<double> weights = Values(in, "weight", kAdvantages);
    const double hybrid = Weighted(weights, Values(in, "hybrid", kAdvantages));
    const double homogeneous = Weighted(weights, Values(in, "homogeneous", kAdvantages));
    Outputs out;
    out.Add("difference", hybrid - homogeneous);
    out.Add("advantage.hybrid", hybrid);
    out.Add("advantage.homogeneous", homogeneous);
    out.YesNo("hybrid_is_better", hybrid > homogeneous);
    return out;
  };
  model.checks = {{"theorem_1_1", {"advantage.hybrid", "advantage.homogeneous"}, {}}};
  return model;
}

Model DataFluidity(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("Centralized", kShare)
                         .Take("Distributed", kShare)
                         .Take("Flowing", kShare);
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const char* name : {"Flowing", "Distributed", "Centralized"}) out.Add(name, in[name]);
    out.Add("flowing_over_centralized", in["Flowing"] / in["Centralized"]);
    return out;
  };
  model.checks = {
      {"theorem_2_1", {"Flowing", "Distributed", "Centralized"}, [](const Outputs& out) {
         return out["Flowing"] > out["Distributed"] && out["Distributed"] > out["Centralized"];
       }}};
  return model;
}

// `cohesion` and `coupling`: 0 low, 1 medium, 2 high.
double AtomicityOf(bool single_responsibility, double cohesion, double coupling) {
  if (!single_responsibility) return 0;
  if (cohesion == 2 && coupling == 0) return 1;
  return cohesion == 1 || coupling == 1 ? 0.5 : 0;
}

Model Atomicity(const Json& fact) {
  const Text why{"not given; what theorem 3.1 needs", "未给出；定理 3.1 所需"};
  Model model;
  model.parameters = ParameterList(fact)
                         .YesNo("wasm.single_responsibility", true, why)
                         .Choose("wasm.cohesion", "high", kLowToHigh, why)
                         .Choose("wasm.coupling", "low", kLowToHigh, why)
                         .YesNo("container.single_responsibility", true, why)
                         .Choose("container.cohesion", "medium", kLowToHigh, why)
                         .Choose("container.coupling", "medium", kLowToHigh, why)
                         .YesNo("vm.single_responsibility", false, why)
                         .Choose("vm.cohesion", "low", kLowToHigh, why)
                         .Choose("vm.coupling", "high", kLowToHigh, why);
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    std::vector<double> scores;
    for (const std::string name : {"wasm", "container", "vm"}) {
      scores.push_back(AtomicityOf(in.Yes(name + ".single_responsibility"), in[name + ".cohesion"],
                                   in[name + ".coupling"]));
      out.Add("atomicity." + name, scores.back());
    }
    out.YesNo("theorem_holds", scores[0] > scores[1] && scores[1] > scores[2]);
    return out;
  };
  model.checks = {{"theorem_3_1", {"atomicity.wasm", "atomicity.container", "atomicity.vm"}, {}}};
  return model;
}

Model Composability(const Json& fact) {
  const Text why{"whose function is asked is for the reader to set", "所问的函数由读者设定"};
  Model model;
  model.parameters =
      ParameterList(fact).YesNo("reusable", true, why).YesNo("interface_standardized", true, why);
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Add("composability",
            (in.Yes("reusable") ? 0.5 : 0) + (in.Yes("interface_standardized") ? 0.5 : 0));
    return out;
  };
  return model;
}

Model EventDrivenDegree(const Json& fact) {
  const Text why{"whose architecture is asked is for the reader to set", "所问的架构由读者设定"};
  Model model;
  model.parameters = ParameterList(fact)
                         .Assume("event_based_components", 5, kCount, why)
                         .Assume("total_components", 10, kCount, why);
  model.evaluate = [](const Inputs& in) {
    const double degree = in["event_based_components"] / in["total_components"];
    Outputs out;
    out.Add("event_driven_degree", degree <= 1 ? degree : kUndefined);
    return out;
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double total = in["total_components"];
    LinePlot plot{{"event-based components", "事件驱动组件数"}, {"degree", "事件驱动度"}, {}};
    plot.lines.push_back(
        Curve("degree", 0, total, [total](double based) { return based / total; }));
    return plot;
  };
  return model;
}

Model Cri(const Json& fact) {
  const std::vector<std::string> names = NamesIn(fact, "technologies");
  const std::vector<std::string> dimensions = NamesIn(fact, "ecosystem_health_dimensions");
  ParameterList parameters(fact);
  parameters.Take("technologies.*.maturity", kFiveStars)
      .Take("technologies.*.ecosystem_health", kFiveStars)
      .Take("ecosystem_health_dimensions.*.weight", kShare);
  for (const std::string& name : names) {
    parameters.Assume(name + ".contributors", 1000, kCount,
                      {"no numbers are given; with 1000 the root factor is 1, as in the table",
                       "未给出数量；取 1000 时根号因子为 1，与表一致"});
  }
  const Text own{"a technology of the reader's: the middle of the scale", "读者的技术：取量表中值"};
  parameters.Assume("own.maturity", 3, kFiveStars, own)
      .Assume("own.contributors", 1000, kCount, own);
  for (const std::string& dimension : dimensions) {
    parameters.Assume("own." + dimension, 3, kFiveStars, own);
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [names, dimensions](const Inputs& in) {
    Outputs out;
    for (const std::string& name : names) {
      out.Add("cri." + name, in[name + ".maturity"] * in[name + ".ecosystem_health"] *
                                 std::sqrt(in[name + ".contributors"] / 1000));
    }
    for (const std::string& name : names) {
      out.Add("product." + name, in[name + ".maturity"] * in[name + ".ecosystem_health"]);
    }
    std::vector<double> weights;
    std::vector<double> scores;
    double sum = 0;
    for (const std::string& dimension : dimensions) {
      weights.push_back(in[dimension + ".weight"]);
      scores.push_back(in["own." + dimension]);
      sum += weights.back();
    }
    out.Add("health_weights_sum", sum);
    out.Add("own.ecosystem_health", Weighted(weights, scores));
    out.Add("cri.own", in["own.maturity"] * Weighted(weights, scores) *
                           std::sqrt(in["own.contributors"] / 1000));
    return out;
  };
  constexpr std::array<std::string_view, 6> kIds{"product_vm",   "product_docker",
                                                 "product_kata", "product_quark",
                                                 "product_wasm", "product_kuasar"};
  for (const std::string_view id : kIds) {
    model.checks.push_back({id, {"product." + std::string(id.substr(id.find('_') + 1))}, {}});
  }
  model.checks.push_back({"health_weights_sum", {"health_weights_sum"}, {}});
  return model;
}

Model EcosystemMaturity(const Json& fact) {
  const std::vector<std::string> names = NamesIn(fact, "maturity");
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("maturity.*.maturity", kFiveStars)
                         .Take("sandbox_api_standardization_percent", kPercent)
                         .Take("wasm_plugin_density_factor", kPositive)
                         .Stated("wasm_runtime.maturity", 3.2, kFiveStars, "002 C§1.1");
  model.evaluate = [names](const Inputs& in) {
    std::vector<double> all;
    for (const std::string& name : names) all.push_back(in[name + ".maturity"]);
    Outputs out;
    out.Add("mean", Weighted(std::vector<double>(all.size(), 1.0), all));
    out.Add("least", *std::ranges::min_element(all));
    for (std::size_t i = 0; i < names.size(); ++i) out.Add("maturity." + names[i], all[i]);
    out.Add("maturity.wasm_runtime", in["wasm_runtime.maturity"]);
    out.Add("sandbox_api_standardized", in["sandbox_api_standardization_percent"], "%");
    out.Add("wasm_plugin_density_factor", in["wasm_plugin_density_factor"]);
    return out;
  };
  model.checks = {{"wasm_maturity", {"maturity.wasm_runtime"}, [](const Outputs& out) {
                     return RoundsTo(out["maturity.wasm_runtime"], out["maturity.WasmEdge"]);
                   }}};
  model.plot = [names](const Inputs& in) -> Plot {
    BarPlot plot{{"maturity", "成熟度"}, {}};
    for (const std::string& name : names) {
      plot.bars.push_back({{name, ""}, 0, in[name + ".maturity"]});
    }
    return plot;
  };
  return model;
}

Model ExpectedUtility(const Json& fact) {
  ParameterList parameters(fact);
  parameters.Take("alpha", kShare)
      .Take("beta", kShare)
      .Take("gamma", kShare)
      .Take("tree_leaves.*.utility", kShare, "leaf");
  for (const std::string name : {"wasm", "kata", "container"}) {
    for (const char* score : {".performance", ".security", ".cost"}) {
      parameters.Unknown(name + score, 0.5, kShare,
                         {"no scores are given: half of what there is", "未给出评分：取一半"});
    }
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    const auto utility = [&in](const std::string& name) {
      return in["alpha"] * in[name + ".performance"] + in["beta"] * in[name + ".security"] +
             in["gamma"] * in[name + ".cost"];
    };
    Outputs out;
    for (const std::string name : {"wasm", "kata", "container"}) {
      out.Add("utility." + name, utility(name));
    }
    for (const std::string name : {"container", "kata", "wasm"}) {
      out.Add("leaf." + name, in["leaf." + name + ".utility"]);
    }
    out.Add("weights_sum", in["alpha"] + in["beta"] + in["gamma"]);
    out.YesNo("ordered_as_claimed", out["utility.wasm"] > out["utility.kata"] &&
                                        out["utility.kata"] > out["utility.container"]);
    return out;
  };
  model.checks = {
      {"weights_sum", {"weights_sum"}, {}},
      {"utilities", {"utility.container", "utility.kata", "utility.wasm"}, {}},
      {"versus_leaves", {"leaf.container", "leaf.kata", "leaf.wasm"}, {}},
  };
  return model;
}

constexpr std::string_view kScenarios[] = {"finance_risk", "flash_sale", "erp", "iot_edge",
                                           "ai_training"};
constexpr std::string_view kWeighed[] = {"security", "performance", "cost"};
constexpr std::string_view kContainerOrWasm[] = {"container", "wasm"};
constexpr double kMostScore = 5;

// What a technology's three scores would have to be for the table, and what the table then is.
void AddFit(const Inputs& in, const std::string& technology, Outputs& out) {
  numerics::Matrix weights;
  numerics::Vector scores;
  for (const std::string_view scenario : kScenarios) {
    const std::string name(scenario);
    weights.push_back(Values(in, name + ".weights", kWeighed));
    for (double& weight : weights.back()) weight *= kMostScore;
    scores.push_back(in[name + "." + technology + "_score"]);
  }
  const auto fit = numerics::Solve(weights, scores);
  double error = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double fitted = fit ? 0 : kUndefined;
    for (std::size_t j = 0; fit && j < fit->size(); ++j) fitted += weights[i][j] * (*fit)[j];
    error = std::max(error, std::fabs(fitted - scores[i]));
    out.Add("fitted." + technology + "." + std::string(kScenarios[i]), fitted);
  }
  for (std::size_t j = 0; j < std::size(kWeighed); ++j) {
    out.Add("implied." + technology + "." + std::string(kWeighed[j]), fit ? (*fit)[j] : kUndefined);
  }
  out.Add("fitted." + technology + ".error", error);
}

std::size_t NearestScenario(const Inputs& in) {
  const std::vector<double> own = Values(in, "own.weights", kWeighed);
  std::size_t nearest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::size(kScenarios); ++i) {
    const auto weights = Values(in, std::string(kScenarios[i]) + ".weights", kWeighed);
    double distance = 0;
    for (std::size_t j = 0; j < own.size(); ++j) distance += std::pow(own[j] - weights[j], 2);
    if (distance < least) nearest = i;
    least = std::min(least, distance);
  }
  return nearest;
}

Outputs EvaluateScenarioScore(const Inputs& in) {
  Outputs out;
  const std::vector<double> own = Values(in, "own.weights", kWeighed);
  for (const std::string_view name : {"wasm", "container"}) {
    const std::string technology(name);
    out.Add("own." + technology, kMostScore * Weighted(own, Values(in, technology, kWeighed)));
  }
  out.Choose("own.nearest_scenario", static_cast<double>(NearestScenario(in)), kScenarios);
  for (const std::string_view scenario : kScenarios) {
    const std::string name(scenario);
    double sum = 0;
    for (const double weight : Values(in, name + ".weights", kWeighed)) sum += weight;
    out.Add("weights_sum." + name, sum);
    out.Choose("recommended." + name,
               in[name + ".wasm_score"] > in[name + ".container_score"] ? 1 : 0, kContainerOrWasm);
  }
  AddFit(in, "container", out);
  AddFit(in, "wasm", out);
  return out;
}

std::vector<std::string> OfScenarios(const std::string& prefix) {
  std::vector<std::string> names;
  for (const std::string_view scenario : kScenarios)
    names.push_back(prefix + std::string(scenario));
  return names;
}

Model ScenarioScore(const Json& fact) {
  ParameterList parameters(fact);
  for (const std::string name : {"security", "performance", "cost"}) {
    parameters.Take("scenarios.*.weights." + name, kShare);
  }
  parameters.Take("scenarios.*.container_score", {"", 0, kMostScore})
      .Take("scenarios.*.wasm_score", {"", 0, kMostScore});
  std::vector<double> recommended;
  for (const Json& scenario : fact.at("parameters").at("scenarios")) {
    recommended.push_back(scenario.at("recommended") == "wasm" ? 1 : 0);
  }
  for (const std::string_view each : kWeighed) {
    const std::string name(each);
    parameters.Unknown("own.weights." + name, 1.0 / 3, kShare,
                       {"a scenario of the reader's: equal weights; they are divided by their sum",
                        "读者的场景：取相等权重；除以其和"});
  }
  for (const std::string technology : {"container", "wasm"}) {
    for (const std::string_view each : kWeighed) {
      parameters.Unknown(technology + "." + std::string(each), 0.5, kShare,
                         {"no technology's scores are given: half of what there is",
                          "未给出任何技术的评分：取一半"});
    }
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = EvaluateScenarioScore;
  const std::vector<std::string> sums = OfScenarios("weights_sum.");
  const std::vector<std::string> choices = OfScenarios("recommended.");
  model.checks = {
      {"weights_sum", sums,
       [sums](const Outputs& out) {
         return std::ranges::all_of(
             sums, [&out](const std::string& name) { return std::fabs(out[name] - 1) < 1e-9; });
       }},
      {"recommendation", choices,
       [choices, recommended](const Outputs& out) {
         return std::ranges::equal(choices, recommended, {},
                                   [&out](const std::string& name) { return out[name]; });
       }},
      {"container_scores", OfScenarios("fitted.container."), {}},
      {"wasm_scores", OfScenarios("fitted.wasm."), {}},
  };
  return model;
}

constexpr std::string_view kDrivers[] = {"cost", "security", "performance", "ecosystem"};

Model DriversResistance(const Json& fact) {
  ParameterList parameters(fact);
  parameters.Take("driver_weights_percent.*", kPercent, "weight")
      .Take("resistance_critical_point.threshold_percent", kPercent)
      .Stated("utility.security", 0.4, kShare, "002 C§4.1")
      .Stated("utility.performance", 0.3, kShare, "002 C§4.1")
      .Stated("utility.cost", 0.3, kShare, "002 C§4.1")
      .Assume("toolchain_completeness", 60, kPercent,
              {"not given; the critical point itself", "未给出；取临界点本身"});
  for (const std::string_view name : kDrivers) {
    parameters.Unknown("score." + std::string(name), 0.5, kShare,
                       {"how strong a driver is, is not given: half of what there is",
                        "未给出驱动力强度：取一半"});
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    const std::vector<double> weights = Values(in, "weight", kDrivers);
    Outputs out;
    out.Add("driving_force", 100 * Weighted(weights, Values(in, "score", kDrivers)), "%");
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      out.Add("weight." + std::string(kDrivers[i]), weights[i], "%");
      sum += weights[i];
    }
    out.Add("weights_sum", sum, "%");
    for (const std::string name : {"security", "performance", "cost"}) {
      out.Add("utility." + name, in["utility." + name]);
    }
    out.YesNo("resistance_is_overcome", in["toolchain_completeness"] > in["threshold_percent"]);
    return out;
  };
  // Without the sum, which is none of them.
  std::vector<Text> names;
  for (const std::string_view each : kDrivers) {
    const std::string name(each);
    names.push_back({name, fact.at("parameters").at("driver_weights_zh").at(name)});
  }
  model.plot = [names = std::move(names)](const Inputs& in) {
    BarPlot plot{{"weight, %", "权重，%"}, {}};
    const std::vector<double> weights = Values(in, "weight", kDrivers);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      plot.bars.push_back({names[i], 0, weights[i]});
    }
    return plot;
  };
  model.checks = {
      {"weights_sum", {"weights_sum"}, {}},
      {"vs_utility_weights",
       {"utility.security", "utility.performance", "utility.cost"},
       [](const Outputs& out) {
         return (out["weight.cost"] > out["weight.security"]) ==
                (out["utility.cost"] > out["utility.security"]);
       }},
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"architecture_advantage", ArchitectureAdvantage},
    {"data_fluidity", DataFluidity},
    {"atomicity", Atomicity},
    {"composability", Composability},
    {"event_driven_degree", EventDrivenDegree},
    {"cri", Cri},
    {"ecosystem_maturity", EcosystemMaturity},
    {"expected_utility", ExpectedUtility},
    {"scenario_score", ScenarioScore},
    {"drivers_resistance", DriversResistance},
};

}  // namespace

std::span<const Entry> Scores() { return kEntries; }

}  // namespace strata::advisor::models
