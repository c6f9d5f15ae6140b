// scheduler/placing/shown.h - when calls show that a bound of an SLO is missed, and not chance
// alone.
//
//   counts --> [ Shown ] --> SloWatch (its latest calls), Missed (all since the decision)
//
// Pure. Tested by slo_watch_test.cc and missed_test.cc.
#pragma once

#include <cstdint>

#include "model/resource.h"
#include "scheduler/moving/rollout.h"

namespace strata::scheduler {

inline constexpr double kShareAbove = 0.01;        // that may be above a p99
inline constexpr double kAvailabilityParts = 1e6;  // of slo.availability

// The share of calls that may fail. `slo` has an availability.
inline double ShareThatMayFail(const model::Slo& slo) {
  return 1 - *slo.availability / kAvailabilityParts;
}

// Whether `hits` of `of` are more than `share` of all, by the exact binomial test.
inline bool Shown(std::uint64_t hits, std::uint64_t of, double share, double risk) {
  return of > 0 && BinomialAtLeast(hits, of, share) <= risk;
}

}  // namespace strata::scheduler
