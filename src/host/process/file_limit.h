// host/process/file_limit.h - how many files a process of ours may hold open.
//
// Threads:  the whole process's. Errors: none, it is a wish: what is not granted is met where a
// file
//           cannot be opened. Tested by host/process/file_limit_test.cc.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace strata::host {

// As many as the process may ask for itself: the soft limit becomes the hard one. What
// Process::Spawn starts begins with the former limit, unless told otherwise: programs that wait by
// select(2), or close every number that they may have, are at a loss with a million. Once, before
// any Spawn.
void RaiseFileLimit();

// The limit before RaiseFileLimit. None: it was not called, or nothing was granted.
std::optional<rlimit> FormerFileLimit();

}  // namespace strata::host
