// Any bytes as a packet of a guest: reading what it tried to reach is total.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sandbox/egress/attempts.h"

namespace egress = strata::sandbox::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  const auto attempt = egress::ParseAttempt(packet);
  if (attempt) STRATA_CHECK(attempt->ToString().starts_with(attempt->tcp ? "tcp " : "udp "));
  return 0;
}
