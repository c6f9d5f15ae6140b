// sandbox/container/driver.h - the container class: programs that share the host's kernel, kept
// apart by namespaces, cgroup, seccomp and dropped capabilities, by way of crun or runc.
//
//   keeper --> ChooseRuntime, oci::OciDriver::Create
//
// Threads: any; blocks for seconds at worst. Errors: as oci/oci_driver.h says. Needs root.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/oci/config.h"

namespace strata::sandbox::container {

// `config` with the first of crun and runc that really runs a container on this host: crun 1.8
// refuses hosts whose cgroups are part version 1, part version 2. If this host
// says twice that none can with the users that `config` has, it has none in the end, and
// `without_users` says why. kUnsupported: none does; kDeadlineExceeded: one was too slow to tell;
// other codes: what failed meanwhile, and may work the next time.
Result<oci::Config> ChooseRuntime(oci::Config config);

// What a runtime of containers is on this host, whether or not it is the one that is used.
struct RuntimeState {
  std::string name;  // "crun", "runc"
  bool works = false;
  std::string detail;  // its version, where it is and what came of running a sandbox; or what lacks
};

// Each of them once, in the order in which they are tried. Runs a sandbox on each that is
// installed.
std::vector<RuntimeState> TryRuntimes(const oci::Config& config);

}  // namespace strata::sandbox::container
