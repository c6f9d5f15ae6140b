// sandbox/microvm/agent/gate.h - stands in the place of a program whose call has not come yet
// (sandbox/agent_gate.h).
//
// Threads: one.
#pragma once

namespace strata::sandbox::microvm::agent {

// Waits for the message on standard input, then becomes `program`, ended by null, which is found as
// a shell finds it. Returns the exit code of what did not: 127: there is no such program; 126: it
// cannot be run; 0: nobody wants it any more.
int WaitAtGate(const char* const* program);

}  // namespace strata::sandbox::microvm::agent
