// advisor/roadmap_system.h - how far an installation is on the documents' road, by what it runs.
//
// Threads: pure functions. Tested by roadmap_test.cc.
#pragma once

#include "advisor/report/report.h"
#include "advisor/system.h"

namespace strata::advisor {

// Each stage by the workloads of its kind.
Section SystemStages(const Installation& installation);

// Each item of a milestone with what is seen of it, and each milestone's status by its items:
// planned where none is met, completed where all are, else in progress. What no installation can
// show (compliance, a toolchain) is never met.
Section SystemMilestones(const Installation& installation);

}  // namespace strata::advisor
