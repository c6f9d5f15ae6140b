#include "advisor/models/beside.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "advisor/compare/claims.h"
#include "advisor/compare/measured.h"
#include "advisor/facts/facts.h"
#include "advisor/measured/claimed.h"
#include "advisor/measured/report.h"
#include "advisor/models/registry.h"
#include "advisor/report/text.h"
#include "base/text/json.h"
#include "model/values.h"

namespace strata::advisor::models {
namespace {

using model::Class;

struct Beside {
  Text claim;
  Sight sight;
  Json claimed;                       // as compare/values.h reads it
  std::optional<std::string> source;  // nothing: the model's
};
using All = std::vector<Beside>;

Json AtLeast(double number, std::string_view unit) { return {{"min", number}, {"unit", unit}}; }
Json About(double number, std::string_view unit) { return {{"value", number}, {"unit", unit}}; }

All OfCase(const Json& parameters) {
  const double from = parameters.at("from_ms");
  const double to = parameters.at("to_ms");
  All all;
  for (const char* row : {"cold_start", "deployed_start"}) {
    all.push_back({{"before: containers", "改造前：容器"},
                   {.row = row, .in = Class::kContainer},
                   About(from, "ms")});
    all.push_back({{"after: WASM", "改造后：WASM"}, {.row = row}, About(to, "ms")});
    all.push_back({{"how many times quicker", "加快倍数"},
                   {.row = row, .in = Class::kContainer, .against = Class::kWasm},
                   ClaimedTimes(About(from, "ms"), About(to, "ms"))});
  }
  return all;
}

All OfTargets(const Json& parameters) {
  All all;
  for (const char* target : {"density", "p99_latency"}) {
    const Json& claimed = parameters.at(target);
    const bool density = claimed.contains("value");
    for (const Class each : model::kClasses) {
      all.push_back({density ? Text{"density", "密度"} : Text{"P99 latency", "P99 延迟"},
                     {.row = density ? "density_host" : "latency_p99", .in = each},
                     density ? AtLeast(claimed.at("value"), claimed.at("unit").get<std::string>())
                             : claimed});
    }
  }
  return all;
}

// An order of magnitude is read as half of one each way.
All OfCycles(const Json& parameters) {
  const Json& seconds = parameters.at("startup_seconds_at_3GHz");
  const double half = std::sqrt(10.0);
  All all;
  for (const auto& [of, in] :
       {std::pair("vm", Class::kMicrovm), std::pair("container", Class::kContainer),
        std::pair("wasm", Class::kWasm)}) {
    const double ms = 1000 * seconds.at(of).get<double>();
    all.push_back({{"order of the start's cycles, at 3 GHz", "启动周期数量级，按 3 GHz"},
                   {.row = "cold_start", .in = in},
                   {{"min", Short(ms / half)}, {"max", Short(ms * half)}, {"unit", "ms"}}});
  }
  return all;
}

All OfDensity(const Json& parameters) {
  const Json& technologies = parameters.at("technologies");
  const auto density = [&technologies](const char* of) {
    const Json& technology = technologies.at(of);
    return (1 - technology.at("overhead").get<double>()) / technology.at("R").get<double>();
  };
  All all;
  for (const auto& [of, in, chinese] : {std::tuple("container", Class::kContainer, "容器"),
                                        std::tuple("vm", Class::kMicrovm, "虚拟机")}) {
    all.push_back(
        {{std::string("density of wasm over ") + of, std::string("WASM 与") + chinese + "密度之比"},
         {.row = "density_host", .against = in},
         About(Short(density("wasm") / density(of)), kTimes)});
  }
  return all;
}

All OfCosts(const Json& parameters) {
  const Json& coefficients = parameters.at("coefficients");
  const auto density = [&coefficients](const char* of) {
    return coefficients.at(of).at("density").get<double>();
  };
  All all;
  for (const auto& [of, in, chinese] : {std::tuple("container", Class::kContainer, "容器"),
                                        std::tuple("virtualization", Class::kMicrovm, "虚拟机")}) {
    all.push_back({{std::string("density coefficient of ") + of + " over wasm",
                    std::string(chinese) + "与 WASM 的密度系数之比"},
                   {.row = "density_host", .against = in},
                   About(Short(density(of) / density("wasm")), kTimes)});
  }
  return all;
}

All OfKuasar(const Json& parameters) {
  const Claim memory = *FindClaim("tier_overheads memory", Class::kWasm);
  return {
      {{"sandboxes on a node", "单节点沙箱数"},
       {.row = "density_host"},
       AtLeast(parameters.at("wasm_sandboxes_per_node"), "instances")},
      {{"memory of each", "每个的内存"}, {.row = "instance_memory"}, memory.cell, memory.source}};
}

All OfGains(const Json& parameters) {
  for (const Json& item : parameters.at("items")) {
    if (item.at("tech") != "WasmEdge 0.14") continue;
    return {{{"cold start of WasmEdge 0.14", "WasmEdge 0.14 冷启动"},
             {.row = "cold_start"},
             {{"max_exclusive", item.at("max_exclusive_ms")}, {"unit", "ms"}}}};
  }
  return {};
}

// "startup(WASM) < startup(T)" and "resource_efficiency(WASM) > resource_efficiency(T)".
All OfSuperiority(const Json&) {
  All all;
  for (const Class each : {Class::kContainer, Class::kAppkernel, Class::kMicrovm}) {
    all.push_back({{"WASM starts in less time", "WASM 启动更快"},
                   {.row = "cold_start", .in = each, .against = Class::kWasm},
                   AtLeast(1, kTimes)});
    all.push_back({{"WASM needs less memory", "WASM 占用内存更少"},
                   {.row = "memory", .in = each, .against = Class::kWasm},
                   AtLeast(1, kTimes)});
  }
  return all;
}

struct Of {
  std::string_view model;
  All (*all)(const Json& parameters);
};

constexpr std::array<Of, 8> kOf = {{
    {"ecommerce_cold_start", OfCase},
    {"platform_2026_targets", OfTargets},
    {"formal_application", OfCycles},
    {"density", OfDensity},
    {"tco", OfCosts},
    {"kuasar_claims", OfKuasar},
    {"gains_claimed", OfGains},
    {"theorem_superiority", OfSuperiority},
}};

std::vector<Cell> RowOf(const Beside& beside, const std::string& of_model,
                        const measure::Record& record) {
  std::vector<Cell> row{TextCell(beside.claim), TextCell(ShowSight(beside.sight))};
  const Claim claim{beside.claimed, beside.source.value_or(of_model)};
  std::ranges::move(SightCells(record, beside.sight, claim), std::back_inserter(row));
  return row;
}

}  // namespace

std::vector<Section> MeasuredBeside(std::string_view model, const measure::Record& record) {
  const measure::Record with_rows = WithRows(record);
  if (model == "startup_contract") {
    Section contracts = ContractsSection(record);
    if (contracts.rows.empty()) {
      contracts.columns.clear();
      contracts.notes = {kHowToMeasure};
    }
    return {std::move(contracts)};
  }
  const Json* fact = FindFact(ModelFacts(), model);
  for (const Of& each : kOf) {
    if (each.model != model) continue;
    Section section{.id = "measured",
                    .title = {"Claimed, and measured here", "所称与本机实测"},
                    .columns = WithClaimColumns(
                        {{"claim", {"claim", "声明"}}, {"by", {"measured as", "实测项"}}})};
    const std::string source = fact->at("source").get<std::string>() + " (models.yaml)";
    for (const Beside& beside : each.all(fact->value("parameters", Json::object()))) {
      section.rows.push_back(RowOf(beside, source, with_rows));
    }
    section.notes.push_back(
        {"As 'strata measure' judges it, of small programs; the claims are the documents', "
         "whatever is set.",
         "与 strata measure 的判定相同，以小程序测得；声明均取自文档，与所设参数无关。"});
    section.notes.push_back(kIntervalOfTimes);
    if (with_rows.rows.empty()) section.notes.push_back(kHowToMeasure);
    return {std::move(section)};
  }
  return {};
}

}  // namespace strata::advisor::models
