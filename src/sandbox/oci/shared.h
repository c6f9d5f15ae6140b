// sandbox/oci/shared.h - what driver, images, sandboxes and bundles of one OciDriver share.
//
// Kept alive by whichever of them is left; made by OciDriver::Create. `config`, `groups`, `runtime`
// and `users` do not change; `metrics` is the loop's; what blocks is posted to `worker`.
//
// Threads:  the loop's, but for what jobs of the worker use. Lifetime: loop and clock outlive it.
#pragma once

#include <memory>
#include <optional>

#include "base/async/task.h"
#include "base/async/turns.h"
#include "base/clock.h"
#include "host/cgroup/cgroup.h"
#include "host/confine/user_namespace.h"
#include "sandbox/oci/config.h"
#include "sandbox/oci/metrics.h"
#include "sandbox/oci/runtime/runtime.h"
#include "sandbox/worker.h"

namespace strata::sandbox::oci {

struct Shared {
  Loop& loop;
  const Clock& clock;
  const Config config;
  const host::Cgroups groups;
  const Runtime runtime;
  const std::optional<host::UserNamespace> users;  // of every sandbox; none: the host's
  Metrics metrics;
  Turns starts;  // runtimes that start at once: more of them finish later than if they took turns
  std::unique_ptr<Worker> worker;  // last: its jobs use the others until they are done

  [[nodiscard]] const host::UserNamespace* UsersOrNull() const { return users ? &*users : nullptr; }
};

}  // namespace strata::sandbox::oci
