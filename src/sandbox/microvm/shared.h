// sandbox/microvm/shared.h - what driver, images, sandboxes and machines of one MicrovmDriver
// share.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/task.h"
#include "host/cgroup.h"
#include "sandbox/microvm/config.h"
#include "sandbox/microvm/guest_kernel.h"
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
  std::unique_ptr<Worker> worker;  // last: its jobs use the others until they are done
};

}  // namespace strata::sandbox::microvm
