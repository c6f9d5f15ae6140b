// sandbox/appkernel/driver.h - the appkernel class: programs whose system calls are served by a
// kernel in user space (gVisor's Sentry), by way of runsc. The host's kernel sees only the few
// calls that the Sentry makes.
//
//   keeper --> ChooseRuntime, oci::OciDriver::Create
//
// The Sentry and its helpers run in the sandbox's own cgroup, which we make and fill before runsc
// starts: memory, CPU and process limits bite on all of it, whatever runsc makes of the limits in
// config.json.
//
// Threads: any; blocks for seconds at worst. Errors: as oci/oci_driver.h says. Needs root.
#pragma once

#include "base/result.h"
#include "sandbox/oci/config.h"

namespace strata::sandbox::appkernel {

// `config` with runsc on the first platform that really runs a guest on this host: systrap, KVM,
// ptrace. kUnsupported: no runsc, or none works.
Result<oci::Config> ChooseRuntime(oci::Config config);

}  // namespace strata::sandbox::appkernel
