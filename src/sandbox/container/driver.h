// sandbox/container/driver.h - the container class: programs that share the host's kernel, kept
// apart by namespaces, cgroup, seccomp and dropped capabilities, by way of crun or runc.
//
//   keeper --> ChooseRuntime, oci::OciDriver::Create
//
// Threads: any; blocks for seconds at worst. Errors: as oci/oci_driver.h says. Needs root.
// Tested by driver_test.cc, sandbox_test.cc and tests/contract.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sandbox/oci/config.h"

namespace strata::sandbox::container {

// `config` with the first of crun and runc that really runs a container on this host: crun 1.8
// refuses hosts whose cgroups are part version 1, part version 2. With users if `config` has some
// and ChooseUsers finds that they can be had. kUnsupported: none does; kDeadlineExceeded: one was
// too slow to tell; other codes: what failed meanwhile, and may work the next time.
Result<oci::Config> ChooseRuntime(oci::Config config);

// The first runtime that works with this, or why none does.
using FindRuntimeFn = std::function<Result<oci::Config>(const oci::Config& with)>;

// What `find` finds. If it says of the users of `config` that they cannot be had (kUnsupported),
// finds one without, and says so of them again right after that, the result has none, and
// `without_users` says why.
Result<oci::Config> ChooseUsers(const oci::Config& config, const FindRuntimeFn& find);

// What a runtime of containers is on this host, whether or not it is the one that is used.
struct RuntimeState {
  std::string name;  // "crun", "runc"
  bool works = false;
  std::string detail;  // its version, where it is and what came of running a sandbox; or what lacks
};

// Runs a sandbox on the one of that name, if it is installed.
RuntimeState TryRuntime(oci::Config config, std::string_view name);

// Each of them once, in the order in which they are tried. Runs a sandbox on each that is
// installed.
std::vector<RuntimeState> TryRuntimes(const oci::Config& config);

}  // namespace strata::sandbox::container
