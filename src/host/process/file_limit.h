// host/process/file_limit.h - how many files a process of ours may hold open.
//
// Threads:  the whole process's. Errors: none, it is a wish: what is not granted is met where a
// file
//           cannot be opened. Tested by process/file_limit_test.cc.
#pragma once

namespace strata::host {

// As many as the process may ask for itself: the soft limit becomes the hard one.
void RaiseFileLimit();

}  // namespace strata::host
