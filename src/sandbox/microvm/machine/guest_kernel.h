// sandbox/microvm/machine/guest_kernel.h - the kernel that guests run, and the initial file system
// with strata-agent and the modules that the machine's devices need.
//
//   /boot, /lib/modules, strata-agent --> [ LoadGuestKernel ] --> QemuArguments, once a driver
//
// The initial file system is made anew each time, in memory: it fits the agent that is installed.
//
// Threads:  blocking; for the worker or start-up. Lifetime: both are kept open, so that they are
//           there at each boot, whatever is removed from /boot meanwhile.
// Errors:   kUnsupported: what is not installed; FailErrno's codes. Tested by tests/contract.
#pragma once

#include <string>

#include "base/files/fd.h"
#include "base/result.h"
#include "sandbox/microvm/config.h"

namespace strata::sandbox::microvm {

struct GuestKernel {
  Fd file;              // vmlinuz
  std::string version;  // "6.1.0-56-cloud-amd64"
  Fd initrd;            // a sealed memory file, cpio
};

// Takes the newest cloud kernel below `config.kernel_root`, else the newest of any kind.
Result<GuestKernel> LoadGuestKernel(const Config& config);

}  // namespace strata::sandbox::microvm
