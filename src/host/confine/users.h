// host/confine/users.h - which numbers of users and groups of this host are whose, and one of them
// for an owner by its name.
//
// All lie above what Debian, systemd, /etc/subuid and container runtimes give away, and below 2³¹.
// No two kinds overlap: a process of one kind is never a user of another.
//
// Pure, thread-safe. Errors: none. Tested by users_test.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/process/process.h"

namespace strata::host {

struct Users {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] constexpr std::uint32_t end() const noexcept { return first + count; }
};

inline constexpr Users kContainerUsers{0x7000'0000, 2'000'000'000 - 0x7000'0000};
inline constexpr Users kMachineUsers{2'000'000'000, 100'000'000};
inline constexpr Users kCellUsers{2'100'000'000, 47'000'000};
inline constexpr Users kPullUsers{2'147'000'000, 483'000};
static_assert(kContainerUsers.end() <= kMachineUsers.first);
static_assert(kMachineUsers.end() <= kCellUsers.first && kCellUsers.end() <= kPullUsers.first);
static_assert(kPullUsers.end() < 1U << 31);

// The same for the same name, on every host.
std::uint32_t NumberOf(std::string_view owner);

// User and group of `owner`, one of `of`. Not covered: two owners may share one by chance.
Identity UserOf(std::string_view owner, const Users& of);

}  // namespace strata::host
