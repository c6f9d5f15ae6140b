#include "model/placement.h"

#include <utility>

namespace strata::model {
namespace {

Json EstimateToJson(const Estimate& estimate) {
  Json json{{"p99_ms", estimate.p99_ms},
            {"cpu_ms", estimate.cpu_ms},
            {"memory_mib", estimate.memory_mib},
            {"cost", estimate.cost},
            {"source", estimate.source}};
  if (estimate.cold_start_ms) json["cold_start_ms"] = *estimate.cold_start_ms;
  return json;
}

Estimate EstimateFromJson(const Json& json) {
  Estimate estimate{.p99_ms = json.at("p99_ms").get<double>(),
                    .cold_start_ms = std::nullopt,
                    .cpu_ms = json.at("cpu_ms").get<double>(),
                    .memory_mib = json.at("memory_mib").get<double>(),
                    .cost = json.at("cost").get<double>(),
                    .source = json.at("source").get<std::string>()};
  if (json.contains("cold_start_ms")) estimate.cold_start_ms = json["cold_start_ms"].get<double>();
  return estimate;
}

Class ClassOf(const Json& json) {
  const auto found = ClassFromName(json.get<std::string>());
  if (!found) throw Json::out_of_range::create(0, "no such class", &json);
  return *found;
}

}  // namespace

Json PlacementToJson(const Placement& placement) {
  Json alternatives = Json::array();
  for (const Alternative& each : placement.alternatives) {
    Json json{{"class", ClassName(each.sandbox_class)}};
    if (each.estimate) json["estimate"] = EstimateToJson(*each.estimate);
    if (!each.lost.empty()) json["lost"] = each.lost;
    alternatives.push_back(std::move(json));
  }
  return {{"class", ClassName(placement.sandbox_class)},
          {"by_rule", ClassName(placement.by_rule)},
          {"node", placement.node},
          {"because", placement.because},
          {"alternatives", std::move(alternatives)}};
}

Result<Placement> PlacementFromJson(const Json& json) {
  try {
    Placement placement{.sandbox_class = ClassOf(json.at("class")),
                        .by_rule = ClassOf(json.at("by_rule")),
                        .node = json.at("node").get<std::string>(),
                        .because = json.at("because").get<std::string>(),
                        .alternatives = {}};
    for (const Json& each : json.at("alternatives")) {
      Alternative alternative{.sandbox_class = ClassOf(each.at("class")),
                              .estimate = std::nullopt,
                              .lost = each.value("lost", "")};
      if (each.contains("estimate")) alternative.estimate = EstimateFromJson(each["estimate"]);
      placement.alternatives.push_back(std::move(alternative));
    }
    return placement;
  } catch (const Json::exception& wrong) {
    return Fail(Errc::kInvalidArgument, std::string("not a placement: ") + wrong.what());
  }
}

}  // namespace strata::model
