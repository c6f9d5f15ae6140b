// sandbox/microvm/agent/agent.h - the agent's loop: frames from the driver, one program at a time,
// its bytes within the credit that the driver gives.
//
// Threads: one. Returns only when the port breaks. Tested by sandbox/microvm/agent_test.cc.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace strata::sandbox::microvm::agent {

Result<void> Serve(const Fd& port);

}  // namespace strata::sandbox::microvm::agent
