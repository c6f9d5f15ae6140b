// base/random.h - the one random source, injected everywhere so that tests own chance.
//
//   main --SystemRandom--> ids, keys, shares of traffic;  tests, simulator --SeededRandom--> theirs
//
// Threads:  SystemRandom: any; SeededRandom: one. Lifetime: a Random outlives whoever was given it.
// Errors:   none: a kernel that has no random bytes to give ends the program.
// Tested through those who draw: base/ids_test.cc, scheduler/simulate/generator_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace strata {

class Random {
 public:
  virtual ~Random() = default;

  // Fills `to` with random bytes. Never fails.
  virtual void Fill(std::span<std::byte> to) noexcept = 0;

  // 64 random bits.
  [[nodiscard]] std::uint64_t Next() noexcept;

  // Uniform in [0, bound); `bound` must not be 0.
  [[nodiscard]] std::uint64_t Below(std::uint64_t bound) noexcept;
};

// The kernel's generator (getrandom): fit for keys and unguessable ids.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<std::byte> to) noexcept override;
};

// The same bytes for the same seed (SplitMix64). For tests and for jitter, never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  void Fill(std::span<std::byte> to) noexcept override;

 private:
  std::uint64_t state_;
};

}  // namespace strata
