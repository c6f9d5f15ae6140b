// route/hash.h - FNV-1a: short texts, one pass, and it can be continued piece by piece. Not keyed:
// whoever chooses what is hashed can choose what collides.
#pragma once

#include <cstdint>

namespace strata::route {

inline constexpr std::uint64_t kHashSeed = 0xcbf29ce484222325u;

constexpr std::uint64_t HashStep(std::uint64_t hash, unsigned char byte) noexcept {
  return (hash ^ byte) * 0x100000001b3u;
}

}  // namespace strata::route
