// scheduler/placing/missed.h - which bound of an SLO the calls of a class were seen to miss, for
// people.
//
//   Learned, Slo --> [ Missed ] --> "slo.p99_ms is 200, missed by 100 % of 300 calls so far"
//
// A decision is of what was known then; this is of what its class has done since. Said is only what
// is shown (exact binomial test; of failures the better end of what was seen), so a few slow calls
// say nothing, and only a revision's own calls count, not those that it began with. Whether traffic
// leaves a class for it is SloWatch's to say, by its latest calls.
//
// Pure. Tested by missed_test.cc.
#pragma once

#include <string>

#include "model/resource.h"
#include "scheduler/learning/learned.h"

namespace strata::scheduler {

// The first bound, in the order of a manifest; empty: none is shown to be missed.
std::string Missed(const Learned& learned, const model::Slo& slo);

}  // namespace strata::scheduler
