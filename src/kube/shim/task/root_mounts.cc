#include "kube/shim/task/root_mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>

#include "kube/shim/pod/own_thread.h"

namespace strata::kube::shim {
namespace {

constexpr std::size_t kMaxOptions = 4095;  // one page with its zero
constexpr int kMostMounts = 64;            // on one place; more would be a loop
constexpr std::string_view kLower = "lowerdir=";

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

// Where all lower directories of an overlay are, and `mount` with them named from there: of some
// fifty layers the whole names are more than a mount takes.
struct NamedFrom {
  std::string folder;
  RootMount mount;
};
std::optional<NamedFrom> NameFromTheirFolder(const RootMount& mount) {
  NamedFrom named{.mount = mount};
  const auto at = std::ranges::find_if(
      named.mount.options, [](const std::string& option) { return option.starts_with(kLower); });
  if (mount.type != "overlay" || at == named.mount.options.end() || at->contains('\\')) return {};
  std::vector<std::string_view> directories;
  std::string_view left = std::string_view(*at).substr(kLower.size());
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(':'), left.size());
    directories.push_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  std::string_view shared = directories.empty() ? std::string_view() : directories.front();
  for (const std::string_view each : directories) {
    const auto differ = std::ranges::mismatch(shared, each);
    shared = shared.substr(0, static_cast<std::size_t>(differ.in1 - shared.begin()));
  }
  shared = shared.substr(0, shared.rfind('/') + 1);
  if (shared.empty()) return {};
  std::string lower(kLower);
  for (const std::string_view each : directories) {
    lower += lower.size() > kLower.size() ? ":" : "";
    lower += each.substr(shared.size());
  }
  named.folder = shared;
  *at = std::move(lower);
  return named;
}

std::unexpected<Error> Failed(const RootMount& mount, const std::string& target, int err) {
  return FailErrno("mount " + mount.type + " on " + target, err);
}

Result<void> Mount(const RootMount& mount, const MountFlags& how, const std::string& target) {
  const unsigned long flags = how.bind ? how.flags & (MS_BIND | MS_REC) : how.flags;
  const bool made = ::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(), flags,
                            how.data.c_str()) == 0;
  if (!made) return Failed(mount, target, errno);
  return {};
}

Result<void> MountFrom(const NamedFrom& named, const std::string& target) {
  const MountFlags how = ReadOptions(named.mount);
  if (how.data.size() > kMaxOptions) {
    return Fail(Errc::kUnsupported, "mount root: more layers than a mount takes");
  }
  return OnOwnThread([&]() -> Result<void> {
    // A working directory of its own.
    if (::unshare(CLONE_FS) != 0) return FailErrno("unshare", errno);
    if (::chdir(named.folder.c_str()) != 0) return FailErrno("go to " + named.folder, errno);
    return Mount(named.mount, how, target);
  });
}

Result<void> MountOne(const RootMount& mount, const std::string& target) {
  const MountFlags how = ReadOptions(mount);
  if (how.data.size() > kMaxOptions) {
    if (const auto named = NameFromTheirFolder(mount)) return MountFrom(*named, target);
    return Fail(Errc::kUnsupported, "mount root: more options than a mount takes");
  }
  if (auto mounted = Mount(mount, how, target); !mounted) return mounted;
  // A bind takes its other flags only afterwards.
  const unsigned long more = how.flags & ~static_cast<unsigned long>(MS_BIND | MS_REC);
  if (!how.bind || more == 0) return {};
  if (::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | more, nullptr) == 0) {
    return {};
  }
  const int err = errno;
  ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return Failed(mount, target, err);
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
