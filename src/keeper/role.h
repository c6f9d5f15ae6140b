// keeper/role.h - the process of apps/strata-keeper: its loop, its wire to the manager, adoption
// and the end.
//
// Threads: runs the calling thread until the process is to exit. Errors: logged; the exit code.
// Tested by tests/integration/keeper.
#pragma once

#include <string>

#include "keeper/keeper.h"

namespace strata::keeper {

struct Options {
  std::string instance;
  std::string keeper;  // name, for log lines
  int wire_fd = 3;
};

// A TryClassFn that gets the loop which the drivers are to use.
using TryClassOnFn = std::function<Result<MakeDriverFn>(
    Loop& loop, const Clock& clock, model::Class sandbox_class, const Start& start)>;

int Run(const Options& options, const TryClassOnFn& try_class);

}  // namespace strata::keeper
