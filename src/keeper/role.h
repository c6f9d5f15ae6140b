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

// `make_driver` gets the loop that the drivers are to use.
using MakeDriverOnFn = std::function<Result<std::unique_ptr<sandbox::Driver>>(
    Loop& loop, const Clock& clock, model::Class sandbox_class, const Start& start)>;

int Run(const Options& options, const MakeDriverOnFn& make_driver);

}  // namespace strata::keeper
