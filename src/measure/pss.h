// measure/pss.h - the memory of a process: its share of what it shares with others, and all of its
// own.
//
//   process_place.h, apps/strata/isolation/live_sandboxes.h --> [ PssMib ] -->
//   /proc/PID/smaps_rollup
//
// Threads: any. Errors: kNotFound: there is no such process; kPermissionDenied: it is another
// user's; kInternal: the kernel says something else. Tested by process_place_test.cc.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace strata::measure {

Result<double> PssMib(pid_t pid);

}  // namespace strata::measure
