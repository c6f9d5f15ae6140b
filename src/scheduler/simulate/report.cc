#include "scheduler/simulate/report.h"

#include <cstdio>
#include <string>

namespace strata::scheduler::simulate {
namespace {

double Share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double ChangePercent(double before, double after) {
  return before == 0 ? 0 : 100 * (after / before - 1);
}

std::string Percent(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%+.2f %%", value);
  return text;
}

Json Claim(const char* what, const char* claimed, double percent) {
  return {
      {"what", what}, {"claimed", claimed}, {"simulated", Percent(percent)}, {"percent", percent}};
}

}  // namespace

Json RowOf(Policy policy, const Outcome& outcome) {
  return {{"policy", PolicyName(policy)},
          {"cost", outcome.cost},
          {"cold_start_rate", Share(outcome.cold_starts, outcome.calls - outcome.refused)},
          {"p50_ms", outcome.latencies.Percentile(0.5)},
          {"p99_ms", outcome.latencies.Percentile(0.99)},
          {"wait_p999_ms", outcome.waits.Percentile(0.999)},
          {"slo_met", Share(outcome.kept_slo, outcome.calls)},
          {"utilisation", outcome.gib_hours > 0 ? outcome.busy_gib_hours / outcome.gib_hours : 0},
          {"refused", Share(outcome.refused, outcome.calls)}};
}

Json DetailsOf(const Outcome& outcome) {
  Json functions = Json::object();
  for (const model::Class each : model::kClasses) {
    const std::uint32_t count = outcome.functions[static_cast<std::size_t>(each)];
    if (count > 0) functions[std::string(model::ClassName(each))] = count;
  }
  return {
      {"cold_starts", outcome.cold_starts}, {"wait_p99999_ms", outcome.waits.Percentile(0.99999)},
      {"refused", outcome.refused},         {"below_floor", outcome.below_floor},
      {"prewarmed", outcome.prewarmed},     {"evicted", outcome.evicted},
      {"unplaceable", outcome.unplaceable}, {"functions", functions},
      {"work_cost", outcome.work_cost},     {"cpu_hours", outcome.cpu_hours},
      {"gib_hours", outcome.gib_hours}};
}

Json RecordOf(const Record& record) {
  Json classes = Json::array();
  for (const auto& [sandbox_class, figures] : record) {
    classes.push_back({{"class", model::ClassName(sandbox_class)},
                       {"first_ms", figures.cold_start_ms.value_or(0)},
                       {"p50_ms", figures.p50_ms},
                       {"p99_ms", figures.p99_ms},
                       {"cpu_ms", figures.cpu_ms},
                       {"memory_mib", figures.memory_mib}});
  }
  return {{"source", kMeasured}, {"classes", classes}};
}

Json WhatIf(const Outcome& containers, const Outcome& microvms, const Outcome& wasm) {
  const auto waited = [](const Outcome& of) { return of.sensitive.Mean(); };
  return Json::array(
      {Claim("cost, when microVMs replace 20 % of the containers that ask for security",
             "-15 to -20 %", ChangePercent(containers.cost, microvms.cost)),
       Claim("mean latency of what is sensitive to cold starts, when it moves to wasm", "-50 %",
             ChangePercent(waited(containers), waited(wasm))),
       Claim("of it, the wait for creations", "-50 %",
             ChangePercent(containers.sensitive_waits_ms, wasm.sensitive_waits_ms))});
}

}  // namespace strata::scheduler::simulate
