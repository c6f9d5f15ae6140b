// Any bytes as a message of the cell wire, in both directions, or as the field of a request that a
// front hands on: decoding is total, and what was decoded encodes to a text that decodes to the
// same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cell/hop_field.h"
#include "cell/wire/codec.h"
#include "cell/wire/log_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = strata::cell::DecodeToCell(text)) {
    const std::string again = strata::cell::Encode(*message);
    const auto second = strata::cell::DecodeToCell(again);
    STRATA_CHECK(second.has_value() && strata::cell::Encode(*second) == again);
  }
  if (const auto message = strata::cell::DecodeToManager(text)) {
    const std::string again = strata::cell::Encode(*message);
    const auto second = strata::cell::DecodeToManager(again);
    STRATA_CHECK(second.has_value() && strata::cell::Encode(*second) == again);
  }
  if (const auto line = strata::cell::DecodeLogLine(text)) {
    STRATA_CHECK(strata::cell::DecodeLogLine(strata::cell::EncodeLogLine(*line)).has_value());
  }
  if (const auto field = strata::cell::ParseHopField(text)) {
    std::string again;
    strata::cell::AppendHopField(*field, again);
    STRATA_CHECK(strata::cell::ParseHopField(again).value() == *field);
  }
  return 0;
}
