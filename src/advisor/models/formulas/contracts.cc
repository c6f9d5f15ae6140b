// Start-up times, isolation, and what is promised of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/models/model.h"
#include "advisor/models/plots.h"
#include "advisor/models/registry.h"
#include "advisor/numerics/chance.h"
#include "advisor/report/report.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr double kConfidence = 0.95;
constexpr Kind kExactMs{"ms", 0, kMost, kExact};

// How many of the parameters `names` are above `limit`.
double Above(const Inputs& in, const std::vector<std::string>& names, double limit) {
  return static_cast<double>(
      std::ranges::count_if(names, [&](const std::string& name) { return in[name] > limit; }));
}

// The share of all that may be such, when `seen` of `tried` were; undefined when more were.
double ShareAtMost(std::uint64_t seen, std::uint64_t tried) {
  return seen <= tried ? numerics::UpperBound(seen, tried, kConfidence) : kUndefined;
}

const std::vector<std::string> kContainerStarts = {"container.start_002", "container.start_003",
                                                   "container.start_001"};
const std::vector<std::string> kWasmStarts = {"wasm.start_002", "wasm.start_001", "wasm.start_003",
                                              "wasm.start_004"};

void AddPenalty(const Inputs& in, Outputs& out) {
  const double excess = std::max(in["wasm.start"] - in["wasm.limit_ms"], 0.0);
  const double rate = in["penalty_percent_per_ms"];
  out.Add("penalty.linear", std::min(rate * excess, in["penalty_cap_percent"]), "%");
  out.Add("penalty.compounding", 100 * (1 - std::pow(1 - rate / 100, excess)), "%");
  out.Add("ms_to_lose_all", 100 / rate, "ms");
  out.Add("penalty.case_uncapped", rate * (in["case_from"] - in["case_to"]), "%");
}

Outputs EvaluateStartupContract(const Inputs& in) {
  Outputs out;
  AddPenalty(in, out);
  for (const std::string name : {"wasm", "container"}) {
    const double share = in[name + ".probability_min_exclusive"];
    const double bound = ShareAtMost(in.Count(name + ".late"), in.Count(name + ".calls"));
    out.Add(name + ".late_at_most", 100 * bound, "%");
    const double shown = bound <= 1 - share ? 1 : 0;
    out.Choose(name + ".contract_shown", std::isnan(bound) ? kUndefined : shown, kNoYes);
    out.Add(name + ".calls_to_show", numerics::TrialsToShow(share, kConfidence));
  }
  out.Add("container.figures_above", Above(in, kContainerStarts, in["container.limit_ms"]));
  out.Add("wasm.figures_above", Above(in, kWasmStarts, in["wasm.limit_ms"]));
  return out;
}

Model StartupContract(const Json& fact) {
  constexpr Kind kCalls{"", 1, kMostCounted, kExact, Numbers::kWhole};
  constexpr Kind kLate{"", 0, kMostCounted, kExact, Numbers::kWhole};
  const Text many{"so many show the contract when none of them is late",
                  "若无一超时，此次数足以证明契约"};
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("contracts.*.limit_ms", kMs)
          .Take("contracts.*.probability_min_exclusive", {"", 1e-6, 0.999999, kExact})
          .Take("penalty_percent_per_ms", {"%", 1e-9, 100})
          .Assume("penalty_cap_percent", 100, {"%", 0, 100, kExact},
                  {"no cap is given: all is lost", "未给出上限：全部罚没"})
          .Assume(
              "wasm.start", 15, kMs,
              {"a start of the reader's: the case of 002 B§2.1", "由读者设定：取 002 B§2.1 的情形"})
          .Stated("case_from", 800, kMs, "002 B§2.1")
          .Stated("case_to", 15, kMs, "002 B§2.1")
          .Assume("wasm.calls", 299, kCalls, many)
          .Assume("wasm.late", 0, kLate,
                  {"what was seen is for the reader to set", "实际观测值由读者设定"})
          .Assume("container.calls", 59, kCalls, many)
          .Assume("container.late", 0, kLate,
                  {"what was seen is for the reader to set", "实际观测值由读者设定"})
          .Stated("container.start_001", 500, kExactMs, "001 §3.5 (100-500 ms)")
          .Stated("container.start_002", 3000, kExactMs, "002 A§7.2 (1-3 s)")
          .Stated("container.start_003", 2000, kExactMs, "003 §00.7.2 (1-2 s)")
          .Stated("wasm.start_001", 10, kExactMs, "001 §3.5 (1-10 ms)")
          .Stated("wasm.start_002", 15, kExactMs, "002 B§2.1")
          .Stated("wasm.start_003", 10, kExactMs, "003 §00.7.2 (6-10 ms)")
          .Stated("wasm.start_004", 1, kExactMs, "004 §1.2 (< 1 ms)");
  model.evaluate = EvaluateStartupContract;
  model.checks = {
      {"container_vs_table",
       {"container.figures_above"},
       [](const Outputs& out) { return out["container.figures_above"] == 0; }},
      {"wasm_vs_case",
       {"wasm.figures_above"},
       [](const Outputs& out) { return out["wasm.figures_above"] == 0; }},
      {"penalty_scale",
       {"ms_to_lose_all", "penalty.case_uncapped"},
       [](const Outputs& out) { return out["penalty.case_uncapped"] <= 100; }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    const double rate = in["penalty_percent_per_ms"];
    const double cap = in["penalty_cap_percent"];
    LinePlot plot{{"ms over the contract", "超出契约的毫秒数"}, {"lost, %", "损失，%"}, {}};
    plot.lines.push_back(
        Curve("linear", 0, 400, [=](double over) { return std::min(rate * over, cap); }));
    plot.lines.push_back(Curve("compounding", 0, 400, [rate](double over) {
      return 100 * (1 - std::pow(1 - rate / 100, over));
    }));
    return plot;
  };
  return model;
}

Model EcommerceColdStart(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("from_ms", {"ms", 1e-9})
                         .Take("to_ms", {"ms", 1e-9})
                         .Stated("limit", 10, kExactMs, "002 C§6.2");
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Add("reduction", 100 * (1 - in["to_ms"] / in["from_ms"]), "%");
    out.Add("factor", in["from_ms"] / in["to_ms"]);
    out.Add("start", in["to_ms"], "ms");
    out.YesNo("within_contract", in["to_ms"] < in["limit"]);
    return out;
  };
  model.checks = {
      {"reduction", {"reduction", "factor"}, [](const Outputs& out) { return out["factor"] > 1; }},
      {"contract", {"start"}, [](const Outputs& out) { return out["within_contract"] == 1; }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    return BarPlot{{"cold start, ms", "冷启动，毫秒"},
                   {{{"before", "之前"}, 0, in["from_ms"]}, {{"after", "之后"}, 0, in["to_ms"]}}};
  };
  return model;
}

// Whether the start that the cycles give lies between what the tables say.
bool InTable(const Outputs& out, const std::string& name) { return out["in_table." + name] == 1; }

Model FormalApplication(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("startup_cycles.*", kPositive, "cycles")
                         .Take("container_attack_surface.value", kCount, "container_attack_surface")
                         .Assume("clock", 3, {"GHz", 1e-6},
                                 {"no processor is given: 3 GHz", "未给出处理器：取 3 GHz"})
                         .Stated("vm.least", 30'000, kExactMs, "002 A§7.2")
                         .Stated("vm.most", 60'000, kExactMs, "002 A§7.2")
                         .Stated("container.least", 100, kExactMs, "001 §3.5")
                         .Stated("container.most", 3000, kExactMs, "002 A§7.2")
                         .Stated("wasm.least", 1, kExactMs, "001 §3.5")
                         .Stated("wasm.most", 10, kExactMs, "001 §3.5, 002 A§7.2");
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const std::string name : {"wasm", "container", "vm"}) {
      const double ms = in["cycles." + name] / (in["clock"] * 1e9) * 1000;
      const bool seconds = name == "vm";
      out.Add("startup." + name, seconds ? ms / 1000 : ms, seconds ? "s" : "ms");
      out.YesNo("in_table." + name, ms >= in[name + ".least"] && ms <= in[name + ".most"]);
    }
    out.Add("vm_over_wasm", in["cycles.vm"] / in["cycles.wasm"]);
    out.Add("container_over_wasm", in["cycles.container"] / in["cycles.wasm"]);
    out.Add("container_attack_surface", in["container_attack_surface.value"], "lines");
    return out;
  };
  model.checks = {
      {"vm_cycles_vs_table", {"startup.vm"}, [](const Outputs& out) { return InTable(out, "vm"); }},
      {"container_cycles_vs_table",
       {"startup.container"},
       [](const Outputs& out) { return InTable(out, "container"); }},
      {"wasm_cycles_vs_table",
       {"startup.wasm"},
       [](const Outputs& out) { return InTable(out, "wasm"); }},
  };
  model.plot = [](const Inputs& in) -> Plot {
    BarPlot plot{{"log10 of cycles", "周期数的常用对数"}, {}};
    for (const std::string name : {"vm", "container", "wasm"}) {
      plot.bars.push_back({{name, ""}, 0, std::log10(in["cycles." + name])});
    }
    return plot;
  };
  return model;
}

Model TlaInvariant(const Json& fact) {
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("container_violations", kCount)
                         .Take("wasm_violations", kCount)
                         .Assume("scenarios", 100, kAtLeastOne,
                                 {"how many were tried is not given; more than the 47 violations",
                                  "未给出尝试次数；多于 47 次违规"});
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    for (const std::string name : {"wasm", "container"}) {
      out.Add(name + ".violated_at_most",
              100 * ShareAtMost(in.Count(name + "_violations"), in.Count("scenarios")), "%");
    }
    return out;
  };
  model.plot = [](const Inputs& in) -> Plot {
    const std::uint64_t violated = in.Count("wasm_violations");
    const double least = static_cast<double>(violated) + 1;
    LinePlot plot{
        {"scenarios tried", "尝试的场景数"}, {"violated at most, %", "违反率上界，%"}, {}};
    plot.lines.push_back(Curve("wasm", least, std::max(500.0, 2 * least), [&](double tried) {
      return 100 * ShareAtMost(violated, static_cast<std::uint64_t>(tried));
    }));
    return plot;
  };
  return model;
}

Model WasmUnbypassable(const Json& fact) {
  Model model;
  model.parameters =
      ParameterList(fact)
          .YesNo("wasm_runtime_has_vulnerabilities", true,
                 {"as 002 B§7.1 lists them", "如 002 B§7.1 所列"})
          .YesNo("container_has_attack_path", true, {"what the document asserts", "文档所断言"});
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.YesNo("wasm_cannot_be_bypassed", !in.Yes("wasm_runtime_has_vulnerabilities"));
    out.YesNo("container_can_be_bypassed", in.Yes("container_has_attack_path"));
    return out;
  };
  model.checks = {{"absolute", {"wasm_cannot_be_bypassed"}, [](const Outputs& out) {
                     return out["wasm_cannot_be_bypassed"] == 1;
                   }}};
  return model;
}

const std::vector<std::string> kOthers = {"vm", "container", "sandbox"};

Model TheoremSuperiority(const Json& fact) {
  const Text starts{"001 §3.5, cold, the upper end", "001 §3.5，冷启动，取上限"};
  const Text order{"001 §3.1, place in the order, 4 the strongest",
                   "001 §3.1，次序中的位置，4 为最强"};
  const Text memory{"001 §3.4, the upper end", "001 §3.4，取上限"};
  constexpr Kind kPlace{"", 1, 4, kExact, Numbers::kWhole};
  constexpr Kind kMebibytes{"MiB", 0};
  Model model;
  model.parameters = ParameterList(fact)
                         .Stated("vm.start", 60'000, kMs, starts)
                         .Stated("container.start", 500, kMs, starts)
                         .Stated("sandbox.start", 100, kMs, starts)
                         .Stated("wasm.start", 10, kMs, starts)
                         .Stated("vm.isolation", 4, kPlace, order)
                         .Stated("container.isolation", 3, kPlace, order)
                         .Stated("sandbox.isolation", 2, kPlace, order)
                         .Stated("wasm.isolation", 1, kPlace, order)
                         .Stated("vm.memory", 4096, kMebibytes, memory)
                         .Stated("container.memory", 100, kMebibytes, memory)
                         .Stated("sandbox.memory", 50, kMebibytes, memory)
                         .Stated("wasm.memory", 10, kMebibytes, memory);
  model.evaluate = [](const Inputs& in) {
    const auto all = [](const auto& holds) { return std::ranges::all_of(kOthers, holds); };
    const auto starts_before = [&in](const std::string& name) {
      return in["wasm.start"] < in[name + ".start"];
    };
    const bool starts_first = all(starts_before);
    const bool isolates = all(
        [&in](const std::string& name) { return in["wasm.isolation"] >= in[name + ".isolation"]; });
    const bool saves =
        all([&in](const std::string& name) { return in["wasm.memory"] < in[name + ".memory"]; });
    const bool holds = starts_first && isolates && saves;
    Outputs out;
    out.YesNo("theorem_holds", holds);
    out.YesNo("starts_first", starts_first);
    out.YesNo("isolates_most", isolates);
    out.YesNo("needs_least", saves);
    out.YesNo("holds_as_written", holds && starts_before("wasm"));  // "for all T" is WASM, too
    return out;
  };
  const auto yes = [](const char* name) {
    return [name](const Outputs& out) { return out[name] == 1; };
  };
  model.checks = {
      {"as_written", {"holds_as_written"}, yes("holds_as_written")},
      {"startup", {"starts_first"}, yes("starts_first")},
      {"isolation", {"isolates_most"}, yes("isolates_most")},
      {"resources", {"needs_least"}, yes("needs_least")},
  };
  model.plot = [](const Inputs& in) -> Plot {
    BarPlot plot{{"log10 of the cold start in ms", "冷启动毫秒数的常用对数"}, {}};
    for (const std::string name : {"vm", "container", "sandbox", "wasm"}) {
      plot.bars.push_back({{name, ""}, 0, std::log10(std::max(in[name + ".start"], 1.0))});
    }
    return plot;
  };
  return model;
}

// What converting the tools costs: nothing from the threshold on.
double ToolingCost(const Inputs& in, double proficiency) {
  return in["tooling_without_rust"] *
         std::max(1 - proficiency / in["rust_proficiency_threshold"], 0.0);
}

Model TheoremValue(const Json& fact) {
  Model model;
  model.parameters =
      ParameterList(fact)
          .Take("rust_proficiency_threshold", {"", 0.01, 1})
          .Unknown("rust_proficiency", 0.3, kShare,
                   {"whose is asked is for the reader to set", "所问何人由读者设定"})
          .Assume("value_wasm", 1, kNumber, {"in units of the value itself", "以该价值自身为单位"})
          .Assume("tooling_without_rust", -0.5, kNumber,
                  {"not given: converting the tools takes half the value, less in a straight line "
                   "the more Rust is known",
                   "未给出：工具转换耗去一半价值，随 Rust 掌握程度线性减少"});
  model.evaluate = [](const Inputs& in) {
    const double tooling = ToolingCost(in, in["rust_proficiency"]);
    Outputs out;
    out.Add("value", in["value_wasm"] + tooling);
    out.Add("delta_tooling", tooling);
    return out;
  };
  model.checks = {{"derivable", {"delta_tooling"}, {}}};
  model.plot = [](const Inputs& in) -> Plot {
    LinePlot plot{{"Rust proficiency", "Rust 熟练度"}, {"value", "价值"}, {}};
    plot.lines.push_back(Curve("value", 0, 1, [&in](double proficiency) {
      return in["value_wasm"] + ToolingCost(in, proficiency);
    }));
    return plot;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"startup_contract", StartupContract},     {"ecommerce_cold_start", EcommerceColdStart},
    {"formal_application", FormalApplication}, {"tla_invariant", TlaInvariant},
    {"wasm_unbypassable", WasmUnbypassable},   {"theorem_superiority", TheoremSuperiority},
    {"theorem_value", TheoremValue},
};

}  // namespace

std::span<const Entry> Contracts() { return kEntries; }

}  // namespace strata::advisor::models
