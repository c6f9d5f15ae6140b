// manager/cells/cell_spawn.h - what the manager starts cells and keepers with.
#pragma once

#include <sys/resource.h>

#include <string>
#include <string_view>

#include "cell/start/spawn.h"
#include "manager/options.h"

namespace strata::manager {

// What cell/start/spawn.h wants to know of `instance`'s cells.
cell::CellProgram CellProgramOf(const Options& options, std::string_view instance);

// How many descriptors a cell or keeper may have open: what thousands of functions and connections
// want, as far as we may give it.
rlim_t FileLimit();

}  // namespace strata::manager
