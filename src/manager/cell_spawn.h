// manager/cell_spawn.h - the confinement that a strata-cell gets from outside, the same for the
// host and the compile role: own user, own network, IPC and UTS namespaces, no capabilities,
// no_new_privs, resource limits. What it adds from inside (Landlock, seccomp) is in cell/.
//
// Without root the user stays the manager's and namespaces depend on the host; Options says whether
// that is accepted, `strata probe` says what it removes.
#pragma once

#include <sys/resource.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/process.h"
#include "manager/options.h"

namespace strata::manager {

// The user that cells of `tenant` run as when we are root: a number nobody else uses, fixed for the
// instance and tenant. Not covered: two tenants may share one by chance (1 in 100 million).
host::Identity CellUser(std::string_view instance, std::string_view tenant);

// Options to start `options.cell_program` with; the caller adds descriptors and limits.
host::SpawnOptions CellSpawnOptions(const Options& options, std::string_view instance,
                                    std::string_view tenant, std::vector<std::string> arguments);

// How many descriptors a cell or keeper may have open: what thousands of functions and connections
// want, as far as we may give it.
rlim_t FileLimit();

}  // namespace strata::manager
