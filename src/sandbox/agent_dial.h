// sandbox/agent_dial.h - how a port inside is reached where nobody can enter the guest's network:
// strata-agent runs beside the server and joins a connection to a pair of sockets.
//
//   ours ==socket pair== standard streams of `/.strata-agent dial PORT` --> 127.0.0.1:PORT
//
// Threads:  the loop's. Lifetime: the connection is its taker's; the program ends with either end.
// Errors:   MakeAgentDial: FailErrno's codes; AwaitConnected: as stated. Tested by
// agent_dial_test.cc and
//           tests/contract.
#pragma once

#include <cstdint>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/driver.h"

namespace strata::sandbox {

// Where the agent is, inside.
inline constexpr const char* kAgentInside = "/.strata-agent";

struct AgentDial {
  Fd ours;
  Program program;  // to be run beside the server
};
Result<AgentDial> MakeAgentDial(std::uint16_t port);

// Waits until the program has connected; `ours` is the connection then. kUnavailable: it ended, or
// has said nothing for five seconds.
Task<Fd> AwaitConnected(Loop& loop, Fd ours, std::uint16_t port);

}  // namespace strata::sandbox
