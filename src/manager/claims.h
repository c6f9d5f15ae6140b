// manager/claims.h - what the documents claim of each class and of predictions
// (facts/matrices.yaml: startup, performance, tier_overheads). Shown beside what was learned here,
// so that everybody can compare; no decision can use it, because the scheduler cannot include this
// folder.
//
// Threads: constants.
#pragma once

#include "base/json.h"
#include "model/values.h"

namespace strata::manager {

// {"cold_start_ms": {"min", "max"}, "memory_mib": {"min", "max"}, "source"}
Json ClaimOf(model::Class sandbox_class);

// Of predicted latency: {"explained", "error"}, the least and the most.
Json ClaimOfPredictions();

}  // namespace strata::manager
