// sandbox/microvm/metrics.h - what a MicrovmDriver counts beside what every driver does: how often
// it made a machine, and how.
//
// Threads:  plain numbers on the driver's loop. All but `sandboxes_live` only grow.
#pragma once

#include <cstdint>

#include "sandbox/call/call_metrics.h"

namespace strata::sandbox::microvm {

struct Metrics : CallMetrics {
  std::uint64_t boots = 0;
  std::uint64_t restores = 0;
};

}  // namespace strata::sandbox::microvm
