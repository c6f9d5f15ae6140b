// sandbox/container/shared.h - what driver, images, sandboxes and bundles of one ContainerDriver
// share.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/task.h"
#include "host/cgroup.h"
#include "sandbox/container/config.h"
#include "sandbox/container/metrics.h"
#include "sandbox/container/oci_runtime.h"
#include "sandbox/container/worker.h"

namespace strata::sandbox::container {

struct Shared {
  Loop& loop;
  const Clock& clock;
  const Config config;
  const host::Cgroups groups;
  const OciRuntime runtime;
  Metrics metrics;
  std::unique_ptr<Worker> worker;  // last: its jobs use the others until they are done
};

}  // namespace strata::sandbox::container
