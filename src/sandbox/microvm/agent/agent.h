// sandbox/microvm/agent/agent.h - the agent's loop: frames from the driver, the image's program and
// those beside it, their bytes within the credit that the driver gives.
//
//   driver (machine.h) <==serial port: protocol.h==> [ Serve ] --Child (child.h)--> programs
//
// It is the guest's first process: it also waits for everybody's orphans. Between kSleep and kWake
// it says and moves nothing: the machine is being saved.
//
// Threads:  one. Lifetime: returns only when the port breaks; the machine is put out then.
// Errors:   of the port, or a frame that the driver should not have sent. A program that does not
//           start is answered with kFailed. Tested by tests/contract, in real machines.
#pragma once

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::sandbox::microvm::agent {

Result<void> Serve(const Fd& port);

}  // namespace strata::sandbox::microvm::agent
