// Any bytes as what a CNI plugin prints: reading is total, and what it finds is an interface's
// name.
#include <net/if.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sandbox/egress/cni.h"
#include "sandbox/egress/plan.h"

namespace egress = strata::sandbox::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto name = egress::ParseCniResult(text, egress::kFirstSandbox);
  if (!name) return 0;
  STRATA_CHECK(!name->empty() && name->size() < IFNAMSIZ);
  STRATA_CHECK(!name->contains('/') && !name->contains('.'));
  return 0;
}
