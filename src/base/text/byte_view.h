// base/text/byte_view.h - text and bytes seen as each other, without a copy.
//
// For where bytes meet what takes text: hashing, rings, sockets. Nothing is checked or converted:
// the text may hold any bytes.
//
// Threads:  pure; any. Lifetime: a view never owns: it is valid as long as what it was made from,
//           and until that changes its size.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace strata {

using ByteView = std::span<const std::byte>;

inline ByteView AsBytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view AsText(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace strata
