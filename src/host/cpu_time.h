// host/cpu_time.h - CPU time of another process since it began, all its threads together.
//
// Threads: any. Tested by host/cpu_time_test.cc.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/result.h"

namespace strata::host {

// To the nanosecond. `pid` must not have been waited for, or it may be somebody else's by now.
// kNotFound: there is no such process.
Result<std::chrono::nanoseconds> CpuTimeOf(pid_t pid);

}  // namespace strata::host
