// manager/placing/told_placement.h - a placement as it is told of what is deployed: the decision of
// then, and what its classes were seen to miss since.
//
//   Revision, Models --> [ ToldPlacement ] --> status.placement, `strata explain`
//   Placement        --> [ MeasureFirst ]  --> the same, and notes of `strata apply`
//
// Pure but for reading the models. Tested by told_placement_test.cc.
#pragma once

#include <string>

#include "base/text/json.h"
#include "manager/placing/measurements.h"
#include "manager/placing/models.h"
#include "model/placement.h"
#include "model/revision.h"

namespace strata::manager {

// PlacementToJson, with "decided": when, and in each of the alternatives that this revision's calls
// have shown to miss its SLO "missed": by how much; "advice": MeasureFirst. null: it has no
// placement.
Json ToldPlacement(const model::Revision& revision, const Models& models,
                   const Measurements& measurements);

// What to do about a decision without figures, while there are still none of its class; empty:
// nothing, or figures decide nothing for this workload.
std::string MeasureFirst(const model::Placement& placement, const model::Workload& workload,
                         const std::string& name, const Measurements& measurements);

}  // namespace strata::manager
