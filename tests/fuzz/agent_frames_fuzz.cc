// Any bytes as the stream of a microVM's agent: cutting it into frames and reading their payloads
// is total, however the stream is split, and what was read is written so that it reads the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sandbox/microvm/machine/protocol.h"

namespace microvm = strata::sandbox::microvm;

namespace {

void ReadPayload(const std::string& text) {
  if (const auto program = microvm::ReadProgram(text)) {
    STRATA_CHECK(microvm::ReadProgram(microvm::WriteProgram(*program)).has_value());
  }
  if (const auto outcome = microvm::ReadOutcome(text)) {
    STRATA_CHECK(microvm::ReadOutcome(microvm::WriteOutcome(*outcome)).has_value());
  }
  if (const auto wake = microvm::ReadWake(text)) {
    STRATA_CHECK(microvm::ReadWake(microvm::WriteWake(*wake)).has_value());
  }
  if (const auto terminal = microvm::ReadSize(text)) {
    STRATA_CHECK(microvm::ReadSize(microvm::WriteSize(*terminal)).has_value());
  }
  if (const auto count = microvm::ReadCount(text)) {
    STRATA_CHECK(microvm::WriteCount(*count) == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  microvm::FrameReader reader;
  const std::size_t split = size / 2;
  for (const std::string_view part : {stream.substr(0, split), stream.substr(split)}) {
    reader.Feed(part);
    for (auto frame = reader.Next(); frame && *frame; frame = reader.Next()) {
      ReadPayload((*frame)->payload);
    }
  }
  ReadPayload(std::string(stream));
  return 0;
}
