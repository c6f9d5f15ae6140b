// Any bytes as a message of a sandbox's line between cell and keeper, in both directions.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sandbox/remote/codec.h"

namespace remote = strata::sandbox::remote;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = remote::DecodeToServer(bytes)) {
    STRATA_CHECK(remote::DecodeToServer(remote::Encode(*message)).has_value());
  }
  if (const auto message = remote::DecodeToClient(bytes)) {
    STRATA_CHECK(remote::DecodeToClient(remote::Encode(*message)).has_value());
  }
  return 0;
}
