// host/confine/user_range.h - 65,536 users and groups of this host that are nobody's but the
// holder's.
//
// There are 1,845 such ranges, from 1,879,048,192 (0x70000000) to below 2,000,000,000: above what
// systemd, /etc/subuid and Kubernetes give away. Which one a holder gets begins with a hash of its
// name. A range is passed over when another holder of this host has it, when a process runs as one
// of its users (what a killed holder left), or when /etc/passwd, group, subuid or subgid names one.
// Users of a directory service are not looked for. Nothing on disk may belong to these users: they
// are somebody else's later.
//
// Threads:  any; Take blocks on the file system. Lifetime: held until destroyed, or until the
//           process ends, by a lock on a byte of the lock file. A child between fork and exec does
//           not prolong it past the check for processes.
// Errors:   kResourceExhausted: none is free; FailErrno's codes of the lock file and of who runs.
// Tested by user_range_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/files/fd.h"
#include "base/result.h"
#include "host/confine/users.h"

namespace strata::host {

class UserRange {
 public:
  static constexpr std::uint32_t kLowest = kContainerUsers.first;
  static constexpr std::uint32_t kSize = 65'536;
  static constexpr std::uint32_t kRanges = kContainerUsers.count / kSize;

  // `lock` is the same file for all who share this host; it is made, and stays. `etc` and `proc`
  // for tests.
  static Result<std::shared_ptr<const UserRange>> Take(
      const std::string& holder, const std::filesystem::path& lock = "/run/strata-users.lock",
      const std::filesystem::path& etc = "/etc", const std::filesystem::path& proc = "/proc");

  [[nodiscard]] std::uint32_t first() const noexcept { return first_; }

 private:
  UserRange(Fd lock, std::uint32_t first) : lock_(std::move(lock)), first_(first) {}

  Fd lock_;
  std::uint32_t first_;
};

}  // namespace strata::host
