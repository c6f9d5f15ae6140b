// manager/placing/claims.h - what the documents claim of each class and of predictions
// (src/advisor/facts, which this layer may not include: startup, performance and tier_overheads of
// matrices.yaml, psi2 of versions.yaml).
//
//   [ ClaimOf ] --> models.cc, beside what was learned --> GET /v1/models, explain
//
// Shown so that everybody can compare; no decision can use it, because the scheduler cannot include
// this folder. Milliseconds, MiB, shares.
//
// Threads:  constants; any. Never fails. Tested by api/handlers/claims_test.cc, which compares them
//           with the facts.
#pragma once

#include "base/text/json.h"
#include "model/values.h"

namespace strata::manager {

// {"cold_start_ms": {"min", "max"}, "memory_mib": {"min", "max"}, "source"}
Json ClaimOf(model::Class sandbox_class);

// Of predicted latency: {"explained", "error"}, the least and the most.
Json ClaimOfPredictions();

}  // namespace strata::manager
