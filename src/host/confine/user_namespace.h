// host/confine/user_namespace.h - a user namespace that nobody is in yet: root in it is the
// ordinary user `first` of this host, and so on for 65,536 users and groups.
//
//   Map           a file system as those users see it: what belongs to 0 belongs to their root
//   MakeNetwork   (netns.h) a network namespace that this one owns: its sysfs can be mounted
//
// Files are not copied or changed: a mount of them is mapped (mount_setattr, Linux 5.12; below
// overlayfs 5.19; of tmpfs 6.3). What a mapped user writes there is on disk the user's inside.
//
// Threads:  any; making blocks until a short-lived child has ended. Lifetime: mounts that were
//           mapped and processes that have joined outlive it.
// Errors:   kUnsupported: this kernel or that file system says that it cannot; FailErrno's codes
//           for all else, which may work the next time.
// Tested by user_namespace_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/files/fd.h"
#include "base/result.h"

namespace strata::host {

class UserNamespace {
 public:
  static constexpr std::uint32_t kCount = 65'536;

  // Needs CAP_SETUID and CAP_SETGID here. `first` is not 0.
  static Result<UserNamespace> Make(std::uint32_t first);

  // A mapped mount of the directory `source`, attached nowhere, without what is mounted below it:
  // no setuid, no devices, programs run. Attach it with AttachMount. Its errors do not name it.
  [[nodiscard]] Result<Fd> Map(const std::filesystem::path& source) const;

  // Maps a mount that is attached nowhere and that nobody has used yet.
  [[nodiscard]] Result<void> MapMount(const Fd& mount) const;

  // A new network namespace that belongs to this user namespace; nothing in it is up.
  [[nodiscard]] Result<Fd> NewNetwork() const;

  // Where a program that runs while this lives finds it.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::uint32_t first() const noexcept { return first_; }

 private:
  UserNamespace(Fd fd, std::uint32_t first) : fd_(std::move(fd)), first_(first) {}

  Fd fd_;
  std::uint32_t first_;
};

// Mounts what Map has made at the directory `target`.
Result<void> AttachMount(const Fd& mount, const std::filesystem::path& target);

}  // namespace strata::host
