// host/process/cpu_time.h - CPU time of another process since it began, all its threads together.
//
// For the manager's overhead: what its cells computed beside their guests. Processes that this one
// started and that have ended are not in it; a cgroup counts those (cgroup.h).
//
// Threads:  any; does not wait. Errors: as stated. Tested by host/process/cpu_time_test.cc.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/result.h"

namespace strata::host {

// To the nanosecond. `pid` must not have been waited for, or it may be somebody else's by now.
// kNotFound: there is no such process.
Result<std::chrono::nanoseconds> CpuTimeOf(pid_t pid);

}  // namespace strata::host
