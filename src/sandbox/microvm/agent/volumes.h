// sandbox/microvm/agent/volumes.h - the volumes of the sandbox, as its programs see them.
//
//   kWake {volumes} --> [ MountVolumes ] --> below kRoot;   kTerminate, an end --> [ SyncVolumes ]
//
// Named ones are ext4 on a drive of their own (drive.h), temporary ones in the guest's memory.
//
// Threads:  one; blocks. Lifetime: the descriptors of the roots are the agent's, until the machine
//           ends.
// Errors:   FailErrno's codes, with the step's name; what was mounted until then stays. Tested by
//           tests/contract (driver_contract_volumes.cc).
#pragma once

#include <vector>

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm::agent {

// Mounts each in its place below kRoot, which is made if it is not there. No link leads out of
// kRoot. The roots of those with a drive.
Result<std::vector<Fd>> MountVolumes(const std::vector<GuestVolume>& volumes);

// What was written is on the drives when it returns, and in its place there: also whoever cannot
// replay the journal sees it. Whoever ends the machine next does not ask.
void SyncVolumes(const std::vector<Fd>& volumes);

}  // namespace strata::sandbox::microvm::agent
