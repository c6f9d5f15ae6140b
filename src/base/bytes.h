// base/bytes.h - a number of bytes that cannot be confused with any other number.
//
// Sizes and limits are Bytes in signatures; conversions are spelled out: 64_MiB, Bytes::KiB(n),
// `count`, and where text has another unit its name says so (memory_mib).
//
// Threads:  values. Errors: none. Arithmetic saturates nothing and wraps as unsigned numbers do:
//           callers check untrusted values before they add them up. Tested by base/bytes_test.cc.
#pragma once

#include <compare>
#include <cstdint>

namespace strata {

struct Bytes {
  std::uint64_t count = 0;

  static constexpr Bytes KiB(std::uint64_t n) { return Bytes{n << 10}; }
  static constexpr Bytes MiB(std::uint64_t n) { return Bytes{n << 20}; }

  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes{a.count + b.count}; }
};

inline namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return Bytes{n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return Bytes::KiB(n); }
constexpr Bytes operator""_MiB(unsigned long long n) { return Bytes::MiB(n); }
}  // namespace literals

}  // namespace strata
