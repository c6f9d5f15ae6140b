#include "manager/told_placement.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/timestamp.h"
#include "model/placement.h"
#include "scheduler/missed.h"

namespace strata::manager {

Json ToldPlacement(const model::Revision& revision, const Models& models) {
  if (!revision.placement) return {};
  Json json = model::PlacementToJson(*revision.placement);
  json["decided"] = Rfc3339(revision.created);
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
