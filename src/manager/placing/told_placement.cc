#include "manager/placing/told_placement.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/timestamp.h"
#include "model/placement.h"
#include "scheduler/placing/missed.h"

namespace strata::manager {

std::string MeasureFirst(const model::Placement& placement, const model::Workload& workload,
                         const std::string& name, const Measurements& measurements) {
  const bool known = placement.alternatives.empty() || placement.alternatives.front().estimate;
  if (known || measurements.Of(placement.sandbox_class)) return "";
  // No figure decides those anew.
  const bool named = workload.sandbox_class || workload.within;
  if (named || workload.placement == model::PlacementBy::kRule) return "";
  return "class " + std::string(model::ClassName(placement.sandbox_class)) +
         " was not measured here yet: run 'strata measure', then 'strata rollout start " + name +
         " --to auto' decides anew";
}

Json ToldPlacement(const model::Revision& revision, const Models& models,
                   const Measurements& measurements) {
  if (!revision.placement) return {};
  Json json = model::PlacementToJson(*revision.placement);
  json["decided"] = Rfc3339(revision.created);
  std::string advice =
      MeasureFirst(*revision.placement, revision.workload, revision.name, measurements);
  if (!advice.empty()) json["advice"] = std::move(advice);
  const auto number = static_cast<std::uint32_t>(revision.number);
  for (Json& each : json["alternatives"]) {
    const scheduler::Learned* learned =
        models.Taught({revision.tenant, revision.name, each.value("class", ""), number});
    if (learned == nullptr) continue;
    std::string missed = scheduler::Missed(*learned, revision.workload.slo);
    if (!missed.empty()) each["missed"] = std::move(missed);
  }
  return json;
}

}  // namespace strata::manager
