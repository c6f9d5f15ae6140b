// manager/cells/cell_mounts.h - the file systems that a host cell is started with: the tenant's
// named volumes, and empty ones in memory for its sandboxes.
//
//   CellNeeds --> [ MountForCell ] --> descriptors and arguments of strata-cell (given_mounts.h)
//
// They are mounted nowhere (host/files/detached_mount.h): a cell has them as descriptors, and they
// go with it, whoever of cell and manager is killed. Nothing has to be noted or swept.
//
// Threads: a loop; the system calls are made by a thread of their own, which ends with the task.
// Errors: what holds for every cell. One volume that cannot be mounted is none: it is given as
// missing, and whoever was granted it fails alone. Tested by tests/e2e/wasm_volumes_test.py.
#pragma once

#include <string>
#include <vector>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "host/process/process.h"
#include "manager/cells/configuration.h"

namespace strata::manager {

struct CellMounts {
  std::vector<Fd> mounts;              // ours to close once the cell has started
  std::vector<host::PassedFd> passed;  // their numbers in the cell
  std::vector<std::string> arguments;
  std::vector<Error> failures;       // of volumes
  std::vector<std::string> missing;  // their images
};

// `user` runs the cell: what it makes in a volume belongs to root on disk, as in containers.
// `first_fd` is the first number that the cell has free.
Task<CellMounts> MountForCell(CellNeeds needs, host::Identity user, int first_fd);

}  // namespace strata::manager
