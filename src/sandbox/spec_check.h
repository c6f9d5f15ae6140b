// sandbox/spec_check.h - what every driver refuses in a Spec before it makes anything.
#pragma once

#include <string_view>

#include "base/result.h"

namespace strata::sandbox {

// An id names cgroups, directories and log files: [a-z0-9-]{1,64}. Fails with kInvalidArgument.
Result<void> CheckId(std::string_view id);

}  // namespace strata::sandbox
