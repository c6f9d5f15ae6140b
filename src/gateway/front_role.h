// gateway/front_role.h - the front role of strata-cell: a serving process (cell/roles/serving.h)
// for the listeners that several tenants share, or that lead to more than one class.
//
//   clients --> [ parse, route, authorise ] --> Hop --> host cells                       (wasm)
//                                          \--> keepers' lines --> services, sandboxes   (others)
//
// It has no engine and refuses native code.
//
// Threads:  its only one; returns when the process is to exit. Lifetime: `options` outlives the
//           call. Errors: logged, and an exit code. Tested by tests/e2e/front_test.py.
#pragma once

#include "cell/roles/serving.h"

namespace strata::gateway {

// The exit code, as RunServing's: 0 after a drain, 1 when it could not serve.
int RunFrontRole(const cell::ServingOptions& options);

}  // namespace strata::gateway
