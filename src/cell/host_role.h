// cell/host_role.h - the host role of strata-cell: a serving process (serving.h) with the engine.
#pragma once

#include "cell/serving.h"

namespace strata::cell {

int RunHostRole(const ServingOptions& options);

}  // namespace strata::cell
