#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace strata {

std::uint64_t Random::Next() noexcept {
  std::uint64_t bits = 0;
  Fill(std::as_writable_bytes(std::span(&bits, 1)));
  return bits;
}

std::uint64_t Random::Below(std::uint64_t bound) noexcept {
  STRATA_CHECK(bound != 0);
  // The values below `skip` would make small results more likely than large ones.
  const std::uint64_t skip = -bound % bound;
  std::uint64_t bits = Next();
  while (bits < skip) bits = Next();
  return bits % bound;
}

void SystemRandom::Fill(std::span<std::byte> to) noexcept {
  while (!to.empty()) {
    const ssize_t got = ::getrandom(to.data(), to.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    STRATA_CHECK(got > 0);  // cannot fail on a kernel that runs us (Linux 3.17, seeded at boot)
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

void SeededRandom::Fill(std::span<std::byte> to) noexcept {
  while (!to.empty()) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31;
    const std::size_t count = std::min(to.size(), sizeof(mixed));
    std::memcpy(to.data(), &mixed, count);
    to = to.subspan(count);
  }
}

}  // namespace strata
