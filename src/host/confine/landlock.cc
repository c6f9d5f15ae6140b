#include "host/confine/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "base/files/fd.h"
#include "base/files/files.h"

namespace strata::host {
namespace {

// The kernel's interface, declared here because the distribution's header is older than the
// kernels that we run on.
struct RulesetAttributes {
  std::uint64_t handled_fs;
  std::uint64_t handled_net;  // ABI 4
  std::uint64_t scoped;       // ABI 6
};
struct __attribute__((packed)) PathAttributes {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};
constexpr unsigned kAskVersion = 1;
constexpr int kPathBeneath = 1;

constexpr std::uint64_t kExecute = 1 << 0;
constexpr std::uint64_t kWriteFile = 1 << 1;
constexpr std::uint64_t kReadFile = 1 << 2;
constexpr std::uint64_t kReadDir = 1 << 3;
constexpr std::uint64_t kRemoveDir = 1 << 4;
constexpr std::uint64_t kRemoveFile = 1 << 5;
constexpr std::uint64_t kMakeDir = 1 << 7;
constexpr std::uint64_t kMakeFile = 1 << 8;
constexpr std::uint64_t kMakeSymlink = 1 << 12;
constexpr std::uint64_t kAllOfAbi1 = (1 << 13) - 1;
constexpr std::uint64_t kRefer = 1 << 13;        // ABI 2
constexpr std::uint64_t kTruncate = 1 << 14;     // ABI 3
constexpr std::uint64_t kIoctlDevice = 1 << 15;  // ABI 5
constexpr std::uint64_t kBindAndConnectTcp = 3;  // ABI 4
constexpr std::uint64_t kScopes = 3;             // ABI 6: abstract sockets, signals

constexpr std::uint64_t kFileRights = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr std::uint64_t kReadRights = kReadFile | kReadDir;
constexpr std::uint64_t kWriteRights = kWriteFile | kRemoveDir | kRemoveFile | kMakeDir |
                                       kMakeFile | kMakeSymlink | kRefer | kTruncate;

std::uint64_t HandledFs(int abi) {
  std::uint64_t rights = kAllOfAbi1;
  if (abi >= 2) rights |= kRefer;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kIoctlDevice;
  return rights;
}

// The kernel refuses fields that it does not know, so the struct is cut to the ABI.
std::size_t AttributesSize(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? offsetof(RulesetAttributes, scoped) : offsetof(RulesetAttributes, handled_net);
}

std::vector<std::string> NotCovered(int abi) {
  std::vector<std::string> holes = {
      "descriptors that are open already, UDP, raw and AF_UNIX path sockets",
      "chdir, stat, chmod, chown, utime, setxattr, fcntl and access on paths"};
  if (abi < 3) holes.emplace_back("truncating files that cannot be opened for writing (ABI 3)");
  if (abi < 4) holes.emplace_back("binding and connecting TCP sockets (ABI 4)");
  if (abi < 5) holes.emplace_back("ioctl on devices (ABI 5)");
  if (abi < 6) holes.emplace_back("abstract AF_UNIX sockets and signals (ABI 6)");
  return holes;
}

std::uint64_t RightsOf(PathAccess access) {
  switch (access) {
    case PathAccess::kReadOnly:
      return kReadRights;
    case PathAccess::kReadWrite:
      return kReadRights | kWriteRights;
    case PathAccess::kProgram:
      return kReadRights | kExecute;
    case PathAccess::kDevice:
      return kReadRights | kWriteFile | kIoctlDevice;
  }
  return 0;
}

Result<void> AddRule(int ruleset, const PathRule& rule, std::uint64_t handled) {
  auto path = OpenFile(rule.path, O_PATH);
  if (!path) return std::unexpected(std::move(path).error());
  struct stat status = {};
  if (::fstat(path->get(), &status) != 0) return FailErrno("stat " + rule.path, errno);
  std::uint64_t allowed = RightsOf(rule.access);
  if (!S_ISDIR(status.st_mode)) allowed &= kFileRights;
  const PathAttributes attributes = {.allowed = allowed & handled, .parent_fd = path->get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &attributes, 0) != 0) {
    return FailErrno("landlock rule for " + rule.path, errno);
  }
  return {};
}

}  // namespace

std::vector<PathRule> SystemPrograms() {
  std::vector<PathRule> rules;
  for (const char* path : {"/usr", "/bin", "/lib", "/lib64"}) {
    if (::access(path, F_OK) == 0) rules.push_back({path, PathAccess::kProgram});
  }
  constexpr const char* kLoaderCache = "/etc/ld.so.cache";
  if (::access(kLoaderCache, F_OK) == 0) rules.push_back({kLoaderCache, PathAccess::kReadOnly});
  return rules;
}

Result<int> LandlockAbi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (abi >= 1) return static_cast<int>(abi);
  const int err = errno;
  return Fail(Errc::kUnsupported,
              err == EOPNOTSUPP ? "Landlock is not enabled at boot" : "the kernel has no Landlock");
}

Result<Fd> MakeRuleset(std::span<const PathRule> rules) {
  auto abi = LandlockAbi();
  if (!abi) return std::unexpected(std::move(abi).error());
  const RulesetAttributes attributes = {
      .handled_fs = HandledFs(*abi), .handled_net = kBindAndConnectTcp, .scoped = kScopes};
  Fd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, AttributesSize(*abi), 0)));
  if (!ruleset.valid()) return FailErrno("landlock ruleset", errno);
  for (const PathRule& rule : rules) {
    if (auto done = AddRule(ruleset.get(), rule, attributes.handled_fs); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  return ruleset;
}

int EnterRuleset(int ruleset) noexcept {
  return ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno;
}

Result<LandlockReport> Restrict(std::span<const PathRule> rules) {
  auto abi = LandlockAbi();
  if (!abi) return std::unexpected(std::move(abi).error());
  auto ruleset = MakeRuleset(rules);
  if (!ruleset) return std::unexpected(std::move(ruleset).error());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("no_new_privs", errno);
  if (const int err = EnterRuleset(ruleset->get()); err != 0) {
    return FailErrno("landlock restrict", err);
  }
  return LandlockReport{.abi = *abi, .not_covered = NotCovered(*abi)};
}

}  // namespace strata::host
