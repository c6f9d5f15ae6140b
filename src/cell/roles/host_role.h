// cell/roles/host_role.h - the host role of strata-cell: a serving process (serving.h) with the
// engine.
//
//   apps/strata-cell/main.cc --> [ RunHostRole ] --> RunServing, sandbox::wasm::WasmDriver
//
// The one process in which wasm guests run, of one tenant. What it is started with, and what ends
// it, is serving.h's.
//
// Threads:  its only one; returns when the process is to exit. Lifetime: `options` outlives the
//           call.
// Errors:   logged, and an exit code. Tested by tests/integration/cell, tests/security.
#pragma once

#include "cell/roles/serving.h"

namespace strata::cell {

// The exit code, as RunServing's: 0 after a drain, 1 when it could not serve.
int RunHostRole(const ServingOptions& options);

}  // namespace strata::cell
