// sandbox/microvm/metrics.h - what a MicrovmDriver counts. Plain numbers on the driver's loop. All
// but `sandboxes_live` only grow.
#pragma once

#include <cstdint>

namespace strata::sandbox::microvm {

struct Metrics {
  std::uint64_t images = 0;
  std::uint64_t boots = 0;
  std::uint64_t restores = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t sandboxes_live = 0;
  std::uint64_t refused_full = 0;  // Create failed: no slot left

  std::uint64_t calls = 0;
  std::uint64_t returned = 0;  // the next four and `failed` add up to the calls that ended
  std::uint64_t limits = 0;
  std::uint64_t violations = 0;
  std::uint64_t stopped = 0;
  std::uint64_t failed = 0;  // no machine could be started
};

}  // namespace strata::sandbox::microvm
