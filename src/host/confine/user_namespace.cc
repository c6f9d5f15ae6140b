#include "host/confine/user_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "host/process/pipe.h"

namespace strata::host {
namespace {

constexpr Bytes kLongestNumber = 64_B;

// The kernel's word that it cannot, now or later. Whatever else fails may work the next time.
bool Cannot(int failed) { return failed == EINVAL || failed == ENOSYS || failed == EPERM; }

// The administrator's word: none may be made.
bool AreForbidden() {
  const auto most = ReadFile("/proc/sys/user/max_user_namespaces", kLongestNumber);
  return most && *most == "0\n";
}

bool CloseBetween(int first, int last) {
  return first > last ||
         ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) == 0;
}

// A child that is in new namespaces as long as this lives, also if this process is killed: it waits
// for the other end of a pipe to go.
class Inside {
 public:
  // `joins`: a user namespace, or -1. `makes`: CLONE_NEW...
  static Result<Inside> Start(int joins, int makes, const char* what) {
    auto ready = MakePipe();
    if (!ready) return std::unexpected(std::move(ready).error());
    auto held = MakePipe();
    if (!held) return std::unexpected(std::move(held).error());
    const pid_t child = ::fork();
    if (child < 0) return FailErrno("fork", errno);
    if (child == 0) Stay(joins, makes, ready->write.get(), *held);
    ready->write.Reset();
    Inside inside(child, std::move(held->write));
    int failed = EIO;
    ssize_t got = 0;
    while ((got = ::read(ready->read.get(), &failed, sizeof(failed))) < 0 && errno == EINTR) {
    }
    if (got == sizeof(failed) && failed == 0) return inside;
    if (!Cannot(failed) && !(failed == ENOSPC && AreForbidden())) return FailErrno(what, failed);
    return Fail(Errc::kUnsupported, FailErrno(what, failed).error().message);
  }
  Inside(Inside&& other) noexcept
      : child_(std::exchange(other.child_, 0)), held_(std::move(other.held_)) {}
  Inside& operator=(Inside&&) = delete;
  ~Inside() {
    held_.Reset();
    while (child_ > 0 && ::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  [[nodiscard]] std::string proc() const { return "/proc/" + std::to_string(child_); }

 private:
  Inside(pid_t child, Fd held) : child_(child), held_(std::move(held)) {}

  // Only calls that are safe after fork. It keeps nothing open but what it needs: with the ends of
  // another thread's pipe two of these would wait for each other, and what this process closes
  // meanwhile has to be closed.
  [[noreturn]] static void Stay(int joins, int makes, int ready, const Pipe& held) {
    int failed = 0;
    if (joins >= 0 && ::setns(joins, CLONE_NEWUSER) != 0) failed = errno;
    if (failed == 0 && ::unshare(makes) != 0) failed = errno;
    const auto [low, high] = std::minmax({ready, held.read.get()});
    const bool closed = CloseBetween(0, low - 1) && CloseBetween(low + 1, high - 1) &&
                        CloseBetween(high + 1, std::numeric_limits<int>::max());
    if (failed == 0 && !closed) failed = errno;
    char end = 0;
    if (::write(ready, &failed, sizeof(failed)) == sizeof(failed)) {
      while (::read(held.read.get(), &end, 1) < 0 && errno == EINTR) {
      }
    }
    ::_exit(0);
  }

  pid_t child_;
  Fd held_;
};

Result<void> WriteMap(const std::string& file, const std::string& map) {
  auto opened = OpenFile(file, O_WRONLY);
  if (!opened) return std::unexpected(std::move(opened).error());
  return WriteAll(opened->get(), map);
}

}  // namespace

Result<UserNamespace> UserNamespace::Make(std::uint32_t first) {
  auto inside = Inside::Start(-1, CLONE_NEWUSER, "make a user namespace");
  if (!inside) return std::unexpected(std::move(inside).error());
  const std::string map = "0 " + std::to_string(first) + " " + std::to_string(kCount);
  for (const char* file : {"/uid_map", "/gid_map"}) {
    auto written = WriteMap(inside->proc() + file, map);
    if (written) continue;
    // Without the right here it never has it.
    if (written.error().code == Errc::kPermissionDenied) written.error().code = Errc::kUnsupported;
    return Wrap(std::move(written).error(), "user namespace");
  }
  auto fd = OpenFile(inside->proc() + "/ns/user", O_RDONLY);
  if (!fd) return Wrap(std::move(fd).error(), "user namespace");
  return UserNamespace(std::move(*fd), first);
}

Result<Fd> UserNamespace::Map(const std::filesystem::path& source) const {
  Fd tree(::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.valid() && (errno == ENOSYS || errno == EPERM)) {
    return Fail(Errc::kUnsupported, FailErrno("open a mount", errno).error().message);
  }
  if (!tree.valid()) return FailErrno("open a mount", errno);
  if (auto mapped = MapMount(tree); !mapped) return std::unexpected(std::move(mapped).error());
  return tree;
}

Result<void> UserNamespace::MapMount(const Fd& mount) const {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  attributes.attr_clr = MOUNT_ATTR_NOEXEC;  // the mounts inside say so where it is meant
  attributes.userns_fd = static_cast<std::uint64_t>(fd_.get());
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) == 0) {
    return {};
  }
  if (!Cannot(errno)) return FailErrno("map a mount", errno);
  return Fail(Errc::kUnsupported,
              "this kernel cannot show this file system to a user namespace; take ext4, xfs or "
              "btrfs");
}

Result<Fd> UserNamespace::NewNetwork() const {
  auto inside = Inside::Start(fd_.get(), CLONE_NEWNET, "make a network in a user namespace");
  if (!inside) return std::unexpected(std::move(inside).error());
  return OpenFile(inside->proc() + "/ns/net", O_RDONLY);
}

std::string UserNamespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

Result<void> AttachMount(const Fd& mount, const std::filesystem::path& target) {
  if (::move_mount(mount.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) {
    return {};
  }
  return FailErrno("mount on " + target.string(), errno);
}

}  // namespace strata::host
