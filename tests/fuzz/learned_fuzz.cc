// Any bytes as something that was learned: reading is total, and what reads can be used, goes on
// learning and writes the same bytes again.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "scheduler/learning/learned.h"

namespace {

using strata::scheduler::Learned;

void Use(Learned learned) {
  if (const auto figures = learned.With(std::nullopt)) {
    STRATA_CHECK(std::isfinite(figures->p99_ms) && figures->p99_ms >= 0);
  }
  const auto failures = learned.failures();
  STRATA_CHECK(failures.Least() <= failures.Most());
  Learned next = learned.Successor();
  next.Learn({.start_ms = 1, .service_ms = 2, .cpu_ms = 3, .memory_mib = 4});
  STRATA_CHECK(Learned::Decode(next.Encode()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)Learned::Decode(bytes);
  const std::string sealed = Learned::Sealed(bytes);
  auto learned = Learned::Decode(sealed);
  if (!learned) return 0;
  STRATA_CHECK(learned->Encode() == sealed);
  Use(*learned);
  return 0;
}
