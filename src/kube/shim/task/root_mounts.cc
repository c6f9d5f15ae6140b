#include "kube/shim/task/root_mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace strata::kube::shim {
namespace {

constexpr std::size_t kMaxOptions = 4095;  // one page with its zero
constexpr int kMostMounts = 64;            // on one place; more would be a loop

struct Option {
  std::string_view name;
  unsigned long flag;
  bool set;
};
constexpr Option kOptions[] = {
    {"ro", MS_RDONLY, true},           {"rw", MS_RDONLY, false},
    {"nosuid", MS_NOSUID, true},       {"suid", MS_NOSUID, false},
    {"nodev", MS_NODEV, true},         {"dev", MS_NODEV, false},
    {"noexec", MS_NOEXEC, true},       {"exec", MS_NOEXEC, false},
    {"noatime", MS_NOATIME, true},     {"relatime", MS_RELATIME, true},
    {"sync", MS_SYNCHRONOUS, true},    {"bind", MS_BIND, true},
    {"rbind", MS_BIND | MS_REC, true},
};

Result<void> MountOne(const RootMount& mount, const std::string& target) {
  const MountFlags how = ReadOptions(mount);
  if (how.data.size() > kMaxOptions) {
    return Fail(Errc::kUnsupported, "mount root: more layers than a mount takes");
  }
  const auto fail = [&](int err) {
    return FailErrno("mount " + mount.type + " on " + target, err);
  };
  const bool made =
      ::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(),
              how.bind ? how.flags & (MS_BIND | MS_REC) : how.flags, how.data.c_str()) == 0;
  if (!made) return fail(errno);
  // A bind takes its other flags only afterwards.
  const unsigned long more = how.flags & ~static_cast<unsigned long>(MS_BIND | MS_REC);
  if (!how.bind || more == 0) return {};
  if (::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | more, nullptr) == 0) {
    return {};
  }
  const int err = errno;
  ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return fail(err);
}

}  // namespace

MountFlags ReadOptions(const RootMount& mount) {
  MountFlags how;
  for (const std::string& option : mount.options) {
    bool known = false;
    for (const Option& each : kOptions) {
      if (each.name != option) continue;
      how.flags = each.set ? how.flags | each.flag : how.flags & ~each.flag;
      known = true;
    }
    if (!known) how.data += (how.data.empty() ? "" : ",") + option;
  }
  how.bind = (how.flags & MS_BIND) != 0;
  return how;
}

Result<void> MountRoot(const std::vector<RootMount>& mounts, const std::string& target) {
  if (mounts.empty()) return {};
  if (::mkdir(target.c_str(), 0711) != 0 && errno != EEXIST) {
    return FailErrno("make " + target, errno);
  }
  for (const RootMount& mount : mounts) {
    if (auto mounted = MountOne(mount, target); !mounted) {
      UnmountRoot(target);
      return mounted;
    }
  }
  return {};
}

void UnmountRoot(const std::string& target) noexcept {
  for (int i = 0; i < kMostMounts; ++i) {
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return;
  }
}

}  // namespace strata::kube::shim
