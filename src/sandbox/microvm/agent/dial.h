// sandbox/microvm/agent/dial.h - joins standard input and output to a port of this network's
// loopback address: how a server is reached whose network nobody outside can enter.
//
//   sandbox/agent_dial.h ==socket pair==> [ DialPort ] ==> 127.0.0.1:PORT in the sandbox
//
// A server that has just been started is waited for, some 200 ms.
//
// Threads:  one; blocks until the connection is over. Errors: the exit code. Tested by
//           tests/contract.
#pragma once

namespace strata::sandbox::microvm::agent {

// Says '+' on standard output once it is connected, then moves bytes until both sides have ended.
// The exit code: 1 when nobody listens at `port`.
int DialPort(const char* port);

}  // namespace strata::sandbox::microvm::agent
