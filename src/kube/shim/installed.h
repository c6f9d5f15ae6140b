// kube/shim/installed.h - the programs that are installed beside the shim's.
//
// Threads: any. Errors: none: whether one is there is seen when it is needed.
#pragma once

#include <string>

#include "cell/start/spawn.h"

namespace strata::kube::shim {

// The path of `program` in our own program's folder.
std::string BesideUs(const char* program);

// What class wasm compiles and runs with.
cell::CellProgram CellProgram();

}  // namespace strata::kube::shim
