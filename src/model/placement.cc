#include "model/placement.h"

#include <utility>

namespace strata::model {
namespace {

void PutIfKnown(Json& json, const char* name, const std::optional<double>& value) {
  if (value) json[name] = *value;
}

std::optional<double> IfThere(const Json& json, const char* name) {
  if (!json.contains(name)) return std::nullopt;
  return json[name].get<double>();
}

Json EstimateToJson(const Estimate& estimate) {
  Json json{{"p99_ms", estimate.p99_ms},
            {"cpu_ms", estimate.cpu_ms},
            {"memory_mib", estimate.memory_mib},
            {"cost", estimate.cost},
            {"source", estimate.source}};
  PutIfKnown(json, "cold_start_ms", estimate.cold_start_ms);
  PutIfKnown(json, "qps", estimate.qps);
  PutIfKnown(json, "failure_rate", estimate.failure_rate);
  return json;
}

Estimate EstimateFromJson(const Json& json) {
  return {.p99_ms = json.at("p99_ms").get<double>(),
          .cold_start_ms = IfThere(json, "cold_start_ms"),
          .cpu_ms = json.at("cpu_ms").get<double>(),
          .memory_mib = json.at("memory_mib").get<double>(),
          .qps = IfThere(json, "qps"),
          .failure_rate = IfThere(json, "failure_rate"),
          .cost = json.at("cost").get<double>(),
          .source = json.at("source").get<std::string>()};
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
    PutIfKnown(json, "score", each.score);
    if (!each.lost.empty()) json["lost"] = each.lost;
    alternatives.push_back(std::move(json));
  }
  Json json{{"class", ClassName(placement.sandbox_class)},
            {"by_rule", ClassName(placement.by_rule)},
            {"node", placement.node},
            {"pool", placement.pool},
            {"because", placement.because}};
  // The one that was taken.
  const Alternative* taken = placement.alternatives.data();
  if (!placement.alternatives.empty() && taken->estimate) {
    json["estimate"] = EstimateToJson(*taken->estimate);
  }
  json["alternatives"] = std::move(alternatives);
  return json;
}

Result<Placement> PlacementFromJson(const Json& json) {
  try {
    Placement placement{.sandbox_class = ClassOf(json.at("class")),
                        .by_rule = ClassOf(json.at("by_rule")),
                        .node = json.at("node").get<std::string>(),
                        .pool = json.value("pool", ""),
                        .because = json.at("because").get<std::string>(),
                        .alternatives = {}};
    for (const Json& each : json.at("alternatives")) {
      Alternative alternative{.sandbox_class = ClassOf(each.at("class")),
                              .estimate = std::nullopt,
                              .score = IfThere(each, "score"),
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
