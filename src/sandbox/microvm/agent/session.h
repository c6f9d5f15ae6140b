// sandbox/microvm/agent/session.h - every process that a program has started and that has not left
// its session, also where the program itself has ended.
//
//   child.h: Terminate, KillAll;   sandbox/oci: `strata-agent end SESSION SIGNAL` --> [ these ]
//
// Found by looking through /proc: a process that has made a session of its own is not reached. What
// ends those is the program's group.
//
// Threads:  one. Errors: none: who is gone meanwhile, or may not be signalled, is passed over.
// Tested by tests/contract.
#pragma once

#include <sys/types.h>

namespace strata::sandbox::microvm::agent {

// Sends `signal` to every process of the session that `leader` leads or led, as far as the caller
// may. With SIGKILL also to those that are made meanwhile, within reason.
void SignalSession(pid_t leader, int signal);

// The same as a program: the exit code.
int EndSession(const char* leader, const char* signal);

}  // namespace strata::sandbox::microvm::agent
