#include "cell/start/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "cell/start/seccomp_table.h"
#include "host/confine/landlock.h"
#include "host/confine/seccomp.h"

namespace strata::cell {
namespace {

// Trusted certificates for guests' outgoing HTTPS: public, and read once by the driver.
constexpr const char* kCertificates = "/etc/ssl/certs/ca-certificates.crt";

// True when no capability is left, in any set of this process that could grant one.
Result<bool> HasNoCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return FailErrno("capget", errno);
  for (const auto& set : sets) {
    if ((set.effective | set.permitted | set.inheritable) != 0) return false;
  }
  return true;
}

Result<void> ForbidDumps() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("no_new_privs", errno);
  // Also keeps other processes of this user from tracing us or reading our memory.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("dumpable", errno);
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return FailErrno("core limit", errno);
  return {};
}

bool IsThere(const std::string& path) { return OpenFile(path, O_PATH).has_value(); }

std::vector<host::PathRule> PathRules(Role role, const AllowedPaths& allowed) {
  std::vector<host::PathRule> rules;
  if (role != Role::kHost) return rules;
  for (const std::string& path : allowed.read_only) {
    // Without a rule nobody reads there. Whoever was granted it fails alone; refusing to start
    // would take the tenant's other functions along.
    if (!IsThere(path)) continue;
    rules.push_back({path, host::PathAccess::kReadOnly});
  }
  for (const std::string& path : allowed.read_write) {
    rules.push_back({path, host::PathAccess::kReadWrite});
  }
  // By their descriptors: no path leads to them.
  const auto add = [&rules](int fd) {
    rules.push_back({"/proc/self/fd/" + std::to_string(fd), host::PathAccess::kReadWrite});
  };
  for (const GivenVolume& volume : allowed.volumes) {
    if (volume.fd >= 0) add(volume.fd);
  }
  for (const GivenScratch& scratch : allowed.scratch) {
    for (std::uint32_t i = 0; i < scratch.count; ++i) add(scratch.fd + static_cast<int>(i));
  }
  struct stat found{};
  if (::stat(kCertificates, &found) == 0) {
    rules.push_back({kCertificates, host::PathAccess::kReadOnly});
  }
  return rules;
}

Result<void> LoadFilter(Role role, const host::SeccompFilter* filter) {
  if (filter != nullptr) return filter->Load();
  const auto made =
      host::SeccompFilter::Make(SeccompTable(role), host::SeccompDefault::kKillProcess);
  if (!made) return std::unexpected(made.error());
  return made->Load();
}

}  // namespace

Result<ConfinementReport> Confine(Role role, const AllowedPaths& allowed, MissingProtection missing,
                                  const host::SeccompFilter* filter) {
  if (auto done = ForbidDumps(); !done) return std::unexpected(std::move(done).error());
  ConfinementReport report;
  const auto without = [&report](const char* what, const std::string& why) {
    report.missing.push_back(std::string(what) + ": " + why);
  };
  if (::geteuid() == 0) without("own-user", "running as root");
  const auto no_capabilities = HasNoCapabilities();
  if (!no_capabilities) {
    without("no-capabilities", no_capabilities.error().message);
  } else if (!*no_capabilities) {
    without("no-capabilities", "the starter left some");
  }
  if (role != Role::kZygote) {
    auto landlock = host::Restrict(PathRules(role, allowed));
    if (landlock) {
      report.not_covered = std::move(landlock->not_covered);
    } else if (landlock.error().code == Errc::kUnsupported) {
      without("landlock", landlock.error().message);
    } else {
      return Wrap(std::move(landlock).error(), "landlock");
    }
  }
  if (auto filtered = LoadFilter(role, filter); !filtered) {
    without("seccomp", filtered.error().message);
  }
  if (report.missing.empty() || missing == MissingProtection::kAccept) return report;
  std::string all;
  for (const std::string& one : report.missing) all += (all.empty() ? "" : "; ") + one;
  return Fail(Errc::kFailedPrecondition, "missing protections: " + all);
}

}  // namespace strata::cell
