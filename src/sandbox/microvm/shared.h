// sandbox/microvm/shared.h - the state that driver, images, sandboxes and machines of one
// MicrovmDriver share.
//
// Kept alive by whichever of them is left; made by MakeShared, for a driver or for whoever runs
// machines himself (kube/shim/microvm). `config`, `groups` and
// `kernel` do not change; `metrics` is the loop's; what blocks is posted to `worker`.
//
// Threads:  the loop's, but for what jobs of the worker use. Lifetime: loop and clock outlive it.
// Errors:   MakeShared: kUnsupported: a program, the kernel or cgroups are missing;
//           kPermissionDenied: not root.
#pragma once

#include <memory>
#include <string>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/clock.h"
#include "host/cgroup/cgroup.h"
#include "sandbox/microvm/config.h"
#include "sandbox/microvm/machine/guest_kernel.h"
#include "sandbox/microvm/metrics.h"
#include "sandbox/worker.h"

namespace strata::sandbox::microvm {

struct Shared {
  Loop& loop;
  const Clock& clock;
  const Config config;
  const host::Cgroups groups;
  const GuestKernel kernel;
  const std::string tsc_khz;  // of this host; the guest cannot measure it under emulation
  Metrics metrics;
  Turns disks{loop, 1};            // to make one, which takes a thread and perhaps minutes
  std::unique_ptr<Worker> worker;  // last: its jobs use the others until they are done
};

Result<std::shared_ptr<Shared>> MakeShared(Loop& loop, const Clock& clock, const Config& config);

}  // namespace strata::sandbox::microvm
