// advisor/recommend/kept.h - whether a class was measured on this host to keep what a workload asks
// for: its latency, its start, its load.
//
//   RecommendQuestion (its case, its manifest's slo, its record) --> [ HoldAgainst ] -->
//   recommend.cc
//
// Of the small programs of `strata measure`, by its judge (measured/claimed.h); the workload's own
// calls are the scheduler's (`strata explain`). The answer's class does not depend on it.
//
// Threads: pure functions. Tested by kept_test.cc.
#pragma once

#include "advisor/recommend/recommend.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "model/values.h"

namespace strata::advisor {

struct Held {
  // The section "kept": a row for each bound that is asked for (what was said, in the place of the
  // manifest's) and each class that may be used and was measured, the answer's first. Without rows
  // where no bound is asked for; the answer's class has one, "not measured", also where it was not.
  Section section;
  // "but it was measured here not to keep cold start; latency, 99 % as asked (measured to:
  // container)"; empty: it keeps all bounds, or it is not known.
  Text but;
};
Held HoldAgainst(const RecommendQuestion& question, model::Class answer);

}  // namespace strata::advisor
