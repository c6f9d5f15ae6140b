// sandbox/fake/metrics.h - what a FakeDriver counts, for tests that ask how often a layer above
// used it.
//
// A copy of what matters there, and not sandbox/call/call_metrics.h: a script has no engine that
// breaks.
//
// Threads:  plain numbers on the driver's loop. All but `sandboxes_live` only grow.
#pragma once

#include <cstdint>

namespace strata::sandbox::fake {

struct Metrics {
  std::uint64_t images = 0;
  std::uint64_t sandboxes = 0;
  std::uint64_t sandboxes_live = 0;
  std::uint64_t calls = 0;
  std::uint64_t stops = 0;
};

}  // namespace strata::sandbox::fake
