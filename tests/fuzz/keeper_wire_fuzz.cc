// Any bytes as a message of the keeper's wire, in both directions.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "keeper/wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = strata::keeper::DecodeToKeeper(text)) {
    STRATA_CHECK(strata::keeper::DecodeToKeeper(strata::keeper::Encode(*message)).has_value());
  }
  if (const auto message = strata::keeper::DecodeToManager(text)) {
    STRATA_CHECK(strata::keeper::DecodeToManager(strata::keeper::Encode(*message)).has_value());
  }
  return 0;
}
