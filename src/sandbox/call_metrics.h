// sandbox/call_metrics.h - what every driver counts of its images, sandboxes and calls. Plain
// numbers on the driver's loop; all but `sandboxes_live` only grow. Each driver's Metrics adds its
// own.
#pragma once

#include <cstdint>

#include "model/values.h"

namespace strata::sandbox {

struct CallMetrics {
  std::uint64_t images = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t sandboxes_live = 0;
  std::uint64_t refused_full = 0;  // Create failed: no slot left

  std::uint64_t calls = 0;
  std::uint64_t returned = 0;  // the next four and `failed` add up to the calls that ended
  std::uint64_t limits = 0;
  std::uint64_t violations = 0;
  std::uint64_t stopped = 0;
  std::uint64_t failed = 0;  // the engine, runtime or machine broke, or could not be started

  void Count(model::ExitReason reason) noexcept;  // of a call that ended with an Exit
};

}  // namespace strata::sandbox
