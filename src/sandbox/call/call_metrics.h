// sandbox/call/call_metrics.h - what every driver counts of its images, sandboxes and calls. Each
// driver's Metrics adds its own.
//
//   Image::Create, a call's end --> [ CallMetrics ] --> Driver's metrics(): tests, benchmarks
//
// Totals since the driver was made: all but `sandboxes_live` only grow. Of whose they are nothing
// is known here; that is the call record's (meter/call_record.h).
//
// Threads:  plain numbers on the driver's loop. Never fails. Tested by the drivers' tests.
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
