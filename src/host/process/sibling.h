// host/process/sibling.h - a fork whose child is the caller's sibling: a child of the caller's own
// parent, who waits for it, and whose death PR_SET_PDEATHSIG then tells.
//
//   parent --Process::Spawn--> zygote --[ ForkSibling ]--> a child of the parent
//
// Like fork(), but no atfork handlers run and no other thread's locks are freed.
//
// Threads:  from a process that has one; its signal to the parent is SIGCHLD. Errors: kUnsupported:
// the kernel does not tell where the C library keeps the thread's number, or knows no clone3; else
// FailErrno's codes. Tested by sibling_test.cc.
#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace strata::host {

// 0 in the child.
Result<pid_t> ForkSibling();

}  // namespace strata::host
