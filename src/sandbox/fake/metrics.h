// sandbox/fake/metrics.h - what a FakeDriver counts, for tests that ask how often a layer above
// used it.
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
