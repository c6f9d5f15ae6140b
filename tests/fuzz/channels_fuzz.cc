// Any bytes as a message of an exec's WebSocket: reading it and its payloads is total, and what was
// read is written so that it reads the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/stream/channels.h"

namespace channels = strata::http::channels;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = channels::Read(bytes);
  if (!message) return 0;
  STRATA_CHECK(channels::Write(message->channel, message->payload) == bytes);
  static_cast<void>(channels::IsInputEnd(*message));
  if (const auto terminal = channels::ReadSize(message->payload)) {
    const auto again = channels::ReadSize(channels::WriteSize(*terminal).substr(1));
    STRATA_CHECK(again && *again == *terminal);
  }
  if (const auto ended = channels::ReadStatus(message->payload)) {
    const auto again = channels::ReadStatus(channels::WriteStatus(*ended).substr(1));
    STRATA_CHECK(again && *again == *ended);
  }
  return 0;
}
