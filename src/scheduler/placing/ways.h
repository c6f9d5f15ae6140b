// scheduler/placing/ways.h - builds the refusal of Choose when no class fits: the smallest changes
// with which one would.
//
//   Case, Field (weigh.h) --> [ NothingFits: asks again with less ] --> Error
//
// Internal to Choose. Each way is tried by weighing the changed question as any other, so what is
// offered would be accepted, as long as options and nodes are the same. Some dozens of weighings,
// off the path of a question that is answered.
//
// Threads:  pure. Tested by strategy_test.cc.
#pragma once

#include "base/result.h"
#include "scheduler/placing/weigh.h"

namespace strata::scheduler {

// kFailedPrecondition, with the first reason of each class, and each single thing of the manifest
// that would do if it alone gave way, by how much. Where none would: for each class that could run
// the workload, those that would do together, the fewest first.
Error NothingFits(const Case& asked, const Field& field);

}  // namespace strata::scheduler
