// sandbox/microvm/agent/gate.h - stands in the place of a program whose call has not come yet
// (sandbox/agent_gate.h, which has the message).
//
//   a runtime starts `strata-agent gate PROGRAM...` --> [ WaitAtGate ] --message--> it is PROGRAM
//
// It reads not a byte more than the message: what follows on standard input is the program's.
//
// Threads:  one; blocks for as long as the sandbox waits. Errors: the exit code, as a shell's.
// Tested by tests/contract.
#pragma once

namespace strata::sandbox::microvm::agent {

// Waits for the message on standard input, then becomes `program`, ended by null, which is found as
// a shell finds it. Returns the exit code of what did not: 127: there is no such program; 126: it
// cannot be run; 0: nobody wants it any more.
int WaitAtGate(const char* const* program);

}  // namespace strata::sandbox::microvm::agent
