// gateway/front_role.h - the front role of strata-cell: a serving process (cell/serving.h) for the
// listeners that several tenants share, or that lead to more than one class.
//
//   clients --> [ parse, route, authorise ] --> Hop --> host cells            (wasm)
//                                          \--> keepers' lines --> services, sandboxes  (other
//                                          classes)
//
// It has no engine and refuses native code.
#pragma once

#include "cell/serving.h"

namespace strata::gateway {

int RunFrontRole(const cell::ServingOptions& options);

}  // namespace strata::gateway
