// sandbox/microvm/machine/qemu_command.h - how QEMU is called: the same for booting, saving and
// restoring, because a saved state fits the command line that it was made with. Only what is behind
// a network card and on the drives for volumes differs.
//
//   machine.cc --> [ QemuArguments, QemuDescriptors, QemuPaths ] --> host::Process::Spawn
//
// A guest's hardware is a wall, and this is its list: what is not named here QEMU does not have,
// and the rules of QemuPaths bound what it could open if a guest took it over.
//
// Threads:  pure. Lifetime: the descriptors stay the caller's. Errors: none. Tested by
//           tests/contract, tests/security/qemu_confinement_test.cc.
#pragma once

#include <string>
#include <vector>

#include "host/process/process.h"
#include "sandbox/microvm/machine/machine.h"
#include "sandbox/microvm/shared.h"

namespace strata::sandbox::microvm {

std::vector<std::string> QemuArguments(const Shared& shared, const MachineParts& parts);

// What the arguments name by number. `agent` and `qmp` are QEMU's ends of two stream sockets.
std::vector<host::PassedFd> QemuDescriptors(const Shared& shared, const MachineParts& parts,
                                            int agent, int qmp);

// All that QEMU may reach by path: itself, its libraries and ROMs, the guest's kernel and disk.
// Memory files need no rule, they are in no file system.
std::vector<host::PathRule> QemuPaths(const Shared& shared, const MachineParts& parts);

}  // namespace strata::sandbox::microvm
