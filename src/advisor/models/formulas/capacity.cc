// How much fits, how much is done.
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr double kMibPerGib = 1024;
constexpr double kSecondsPerDay = 86400;

double ChangePercent(double from, double to) { return 100 * (to / from - 1); }

Model Density(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("N", kPositive)
                         .Take("technologies.*.overhead", kShare)
                         .Take("technologies.*.R", kPositive);
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const std::string name : {"wasm", "container", "vm"}) {
      out.Add("density." + name, in["N"] * (1 - in[name + ".overhead"]) / in[name + ".R"]);
    }
    out.Add("wasm_over_container", out["density.wasm"] / out["density.container"]);
    out.Add("wasm_over_vm", out["density.wasm"] / out["density.vm"]);
    return out;
  };
  model.checks = {
      {"vm", {"density.vm"}, {}},
      {"container", {"density.container"}, {}},
      {"wasm", {"density.wasm"}, {}},
      {"wasm_over_container", {"wasm_over_container"}, {}},
      {"wasm_over_vm", {"wasm_over_vm"}, {}},
  };
  return model;
}

// The share of a server that must hold what fits `many` times, for `target` in all.
double ShareNeeded(double target, double many, double few) { return (target - few) / (many - few); }

Model Platform2026Targets(const Json& fact) {
  const std::string table = "002 A§7.2";
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("density.value", kPositive, "density")
                         .Take("p99_latency.max_exclusive", kMs, "p99_latency")
                         .Take("resource_cost_reduction.value", kPercent, "resource_cost_reduction")
                         .Stated("wasm.per_server", 100'000, kPositive, table)
                         .Stated("kata.per_server", 2000, kPositive, table)
                         .Stated("container.per_server", 500, kPositive, table)
                         .Stated("wasm.start", 10, kMs, table)
                         .Stated("kata.start", 200, kMs, table)
                         .Stated("container.start", 1000, kMs, table)
                         .Assume("wasm_share", 0.5, kShare,
                                 {"how a server is shared is not given: half of it",
                                  "未给出服务器如何分配：各占一半"});
  model.evaluate = [](const Inputs& in) {
    const double wasm = in["wasm.per_server"];
    const double share = in["wasm_share"];
    const double kata = ShareNeeded(in["density.value"], wasm, in["kata.per_server"]);
    const double container = ShareNeeded(in["density.value"], wasm, in["container.per_server"]);
    Outputs out;
    out.Add("instances", share * wasm + (1 - share) * in["kata.per_server"]);
    out.Add("wasm_share_needed.kata", 100 * kata, "%");
    out.Add("wasm_share_needed.container", 100 * container, "%");
    out.Add("remaining_cost", 100 - in["resource_cost_reduction.value"], "%");
    for (const std::string name : {"wasm", "kata", "container"}) {
      out.YesNo("cold_start_within_p99." + name,
                in[name + ".start"] <= in["p99_latency.max_exclusive"]);
    }
    return out;
  };
  model.checks = {{"density_feasible",
                   {"wasm_share_needed.kata", "wasm_share_needed.container"},
                   [](const Outputs& out) { return out["wasm_share_needed.container"] <= 100; }}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{{"share of WASM", "WASM 占比"}, {"instances per machine", "单机实例数"}, {}};
    for (const std::string rest : {"kata", "container"}) {
      plot.lines.push_back(Curve("rest " + rest, 0, 1, [&](double share) {
        return share * in["wasm.per_server"] + (1 - share) * in[rest + ".per_server"];
      }));
    }
    return plot;
  };
  return model;
}

Model KuasarClaims(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("startup_improvement_percent", {"%", 0})
                         .Take("memory_saving_percent", kPercent)
                         .Take("wasm_sandboxes_per_node", kCount)
                         .Stated("memory_per_sandbox", 1, {"MiB", 0}, "002 A§7.2 (< 1 MB)");
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Add("memory_of_instances",
            in["wasm_sandboxes_per_node"] * in["memory_per_sandbox"] / kMibPerGib, "GiB");
    out.Add("startup_factor", 1 + in["startup_improvement_percent"] / 100);
    out.Add("memory_factor", 1 / (1 - in["memory_saving_percent"] / 100));
    return out;
  };
  model.checks = {{"memory_per_sandbox", {"memory_of_instances"}, {}}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{{"sandboxes", "沙箱数"}, {"memory, GiB", "内存，GiB"}, {}};
    plot.lines.push_back(Curve("memory", 0, in["wasm_sandboxes_per_node"], [&](double sandboxes) {
      return sandboxes * in["memory_per_sandbox"] / kMibPerGib;
    }));
    return plot;
  };
  return model;
}

Model StateCompression(const Json& fact) {
  constexpr Kind kMegabytes{"MB", 1e-9};
  ParameterList parameters(fact);
  for (const std::string when : {"old", "new"}) {
    parameters.Take(when + ".operations_per_day", kPositive, when)
        .Take(when + ".files_MB", kMegabytes, when)
        .Take(when + ".sched_latency_s_99_999", {"s", 1e-9}, when);
  }
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    constexpr double kMega = 1e6;  // the documents' operations per byte are of decimal megabytes
    const auto per_byte = [&in](const std::string& when) {
      return in[when + ".operations_per_day"] / (in[when + ".files_MB"] * kMega);
    };
    const auto change = [&in](const std::string& what) {
      return ChangePercent(in["old." + what], in["new." + what]);
    };
    Outputs out;
    out.Add("gain", per_byte("new") / per_byte("old"));
    for (const std::string when : {"old", "new"}) {
      out.Add("operations_per_byte." + when, per_byte(when));
      out.Add("bytes_per_operation." + when, 1 / per_byte(when), "B");
      out.Add("operations_per_second." + when, in[when + ".operations_per_day"] / kSecondsPerDay);
    }
    out.Add("change.operations", change("operations_per_day"), "%");
    out.Add("change.latency", change("sched_latency_s_99_999"), "%");
    out.Add("change.files", change("files_MB"), "%");
    return out;
  };
  model.checks = {
      {"operations", {"change.operations"}, {}},
      {"latency", {"change.latency"}, {}},
      {"files", {"change.files"}, {}},
  };
  model.plot = [](const Inputs& in) -> Plot {
    BarPlot plot{{"change, %", "变化，%"}, {}};
    for (const std::string what : {"operations_per_day", "sched_latency_s_99_999", "files_MB"}) {
      plot.bars.push_back({{what, ""}, 0, ChangePercent(in["old." + what], in["new." + what])});
    }
    return plot;
  };
  return model;
}

Model Metcalfe(const Json& fact) {
  ParameterList parameters(fact);
  for (const std::string year : {"2024", "2027"}) {
    for (const std::string name : {"n_modules", "n_runtimes", "n_developers"}) {
      parameters.Take(year + "." + name, kAtLeastOne, year);
    }
  }
  parameters.Take("critical_mass.threshold", kAtLeastOne).Take("critical_mass.expected", kYear);
  Model model;
  model.parameters = parameters;
  model.evaluate = [](const Inputs& in) {
    const auto value = [&in](const std::string& year) {
      return in[year + ".n_modules"] * in[year + ".n_runtimes"] *
             std::sqrt(in[year + ".n_developers"]);
    };
    const double from = in["2024.n_modules"];
    const double to = in["2027.n_modules"];
    const double threshold = in["threshold"];
    Outputs out;
    out.Add("value_2027", value("2027"));
    out.Add("value_2024", value("2024"));
    out.Add("critical_mass.exponential",
            2024 + 3 * std::log(threshold / from) / std::log(to / from), "year");
    out.Add("critical_mass.linear", 2024 + 3 * (threshold - from) / (to - from), "year");
    out.Add("critical_mass.expected", in["expected"], "year");
    out.Add("modules_when_expected", from * std::pow(to / from, (in["expected"] - 2024) / 3));
    return out;
  };
  model.checks = {
      {"value_2024", {"value_2024"}, {}},
      {"value_2027", {"value_2027"}, {}},
      {"critical_mass_date",
       {"critical_mass.exponential", "critical_mass.linear"},
       [](const Outputs& out) {
         const double year = std::floor(out["critical_mass.expected"]);
         return std::floor(out["critical_mass.exponential"]) == year ||
                std::floor(out["critical_mass.linear"]) == year;
       }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double from = in["2024.n_modules"];
    const double to = in["2027.n_modules"];
    LinePlot plot{kYearAxis, {"modules", "模块数"}, {}};
    plot.lines.push_back(Curve("exponential", 2024, 2027, [from, to](double year) {
      return from * std::pow(to / from, (year - 2024) / 3);
    }));
    plot.lines.push_back(Curve("linear", 2024, 2027, [from, to](double year) {
      return std::lerp(from, to, (year - 2024) / 3);
    }));
    return plot;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"density", Density},
    {"platform_2026_targets", Platform2026Targets},
    {"kuasar_claims", KuasarClaims},
    {"state_compression", StateCompression},
    {"metcalfe", Metcalfe},
};

}  // namespace

std::span<const Entry> Capacity() { return kEntries; }

}  // namespace strata::advisor::models
