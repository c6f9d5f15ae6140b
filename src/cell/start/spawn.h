// cell/start/spawn.h - the confinement that a strata-cell gets from outside, the same for all its
// roles: own user, own network, IPC and UTS namespaces, no capabilities, no_new_privs. What it adds
// from inside (Landlock, seccomp) is in confinement.h.
//
//   manager, kube/shim --> [ CellSpawnOptions ] --> host::Process::Spawn --> strata-cell
//
// Without root the user stays the starter's and namespaces depend on the host; CellProgram says
// whether that is accepted, `strata probe` says what it removes. Pure. Tested by tests/security.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/process/process.h"

namespace strata::cell {

struct CellProgram {
  std::string path;      // of strata-cell, absolute
  std::string instance;  // whose cells they are
  bool allow_missing_protections = false;
};

// The user that cells of `tenant` run as when we are root: a number nobody else uses, fixed for the
// instance and tenant (host/confine/users.h). Not covered: two tenants may share one by chance (1
// in 47 million).
host::Identity CellUser(std::string_view instance, std::string_view tenant);

// Options to start `program` with; the caller adds descriptors and limits.
host::SpawnOptions CellSpawnOptions(const CellProgram& program, std::string_view tenant,
                                    std::vector<std::string> arguments);

}  // namespace strata::cell
