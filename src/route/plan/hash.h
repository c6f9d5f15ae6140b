// route/plan/hash.h - FNV-1a, 64 bits: short texts, one pass, and it can be continued piece by
// piece.
//
// Shares of traffic are drawn by it (table.h), and bodies of a request and of its copy compared
// (mirror.h). Not keyed: whoever chooses what is hashed can choose what collides, so nothing that
// protects may rest on it.
//
// Threads:  pure, constexpr. Start with kHashSeed, one HashStep a byte.
#pragma once

#include <cstdint>

namespace strata::route {

inline constexpr std::uint64_t kHashSeed = 0xcbf29ce484222325u;

// The hash of what `hash` is of, with `byte` behind it.
constexpr std::uint64_t HashStep(std::uint64_t hash, unsigned char byte) noexcept {
  return (hash ^ byte) * 0x100000001b3u;
}

}  // namespace strata::route
