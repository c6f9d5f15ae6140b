// scheduler/ways.h - what would have to give when no class fits. Internal to Choose.
//
// Pure. Tested by strategy_test.cc.
#pragma once

#include "base/result.h"
#include "scheduler/weigh.h"

namespace strata::scheduler {

// kFailedPrecondition, with the first reason of each class, and each single thing of the manifest
// that would do if it alone gave way, by how much. Where none would: for each class that misses
// nothing but bounds, those that would do together, the fewest first.
Error NothingFits(const Case& asked, const Field& field);

}  // namespace strata::scheduler
