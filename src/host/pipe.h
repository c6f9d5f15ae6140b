// host/pipe.h - a pipe whose ends close themselves.
//
// Threads: any. Errors: FailErrno's codes.
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
