// sandbox/microvm/agent/guest.h - what strata-agent does to the virtual machine that it is the
// first process of: drivers, file systems, clock, randomness.
//
//   main: SetUp, OpenPort --> agent.h: Serve --kWake, after every restore--> WakeUp
//
// SetUp runs once a snapshot, not once a sandbox: what it leaves is in all machines that go on from
// there. So nothing of one sandbox may be done before WakeUp.
//
// Threads:  one; blocks. Errors: FailErrno's codes, with the step's name; the machine is of no use
//           then.
// Tested by tests/contract.
#pragma once

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {

// Mounts the kernel's file systems, loads the modules that the initial file system has under
// /modules (named by their order), mounts the disk (EROFS, read-only) with a writable layer over it
// at kRoot, which is the root of all programs; what else programs see is made for them there, or
// for their container by its runtime.
Result<void> SetUp();

// The serial port that leads to the driver.
Result<Fd> OpenPort();

// Makes a restored guest one of its own: time, new randomness, name, and its address if it has a
// network card.
Result<void> WakeUp(const Wake& wake);

}  // namespace strata::sandbox::microvm::agent
