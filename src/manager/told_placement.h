// manager/told_placement.h - a placement as it is told of what is deployed: the decision of then,
// and what its classes were seen to miss since.
//
//   Revision, Models --> [ ToldPlacement ] --> status.placement, `strata explain`
//
// Pure but for reading the models. Tested by told_placement_test.cc.
#pragma once

#include "base/json.h"
#include "manager/models.h"
#include "model/revision.h"

namespace strata::manager {

// PlacementToJson, with "decided": when, and in each of the alternatives that this revision's calls
// have shown to miss its SLO "missed": by how much. null: it has no placement.
Json ToldPlacement(const model::Revision& revision, const Models& models);

}  // namespace strata::manager
