// host/process/pipe.h - a pipe whose ends close themselves.
//
// For a child's standard streams and for two processes that wait for each other. The end that a
// child gets is passed by number (process.h) and must be closed here, or its reader never sees the
// end.
//
// Threads:  any. Errors: FailErrno's codes: kResourceExhausted, too many descriptors.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace strata::host {

struct Pipe {
  Fd read;
  Fd write;
};

// Both ends block, and are closed on exec.
Result<Pipe> MakePipe();

}  // namespace strata::host
