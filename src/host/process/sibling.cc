#include "host/process/sibling.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/files/files.h"
#include "host/process/orphans.h"

namespace strata::host {
namespace {

constexpr Bytes kStatusFile = 64_KiB;
constexpr std::array<std::string_view, 4> kInCommon = {"PPid:", "Uid:", "Gid:", "Groups:"};

}  // namespace

Result<pid_t> ForkSibling() {
  // glibc keeps its thread's number in memory that the kernel knows: the child's goes there, as
  // fork() sees to.
  int* number = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &number, 0, 0, 0) != 0 || number == nullptr) {
    return Fail(Errc::kUnsupported, "fork: the kernel was built without CHECKPOINT_RESTORE");
  }
  clone_args how{};
  how.flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  how.child_tid = reinterpret_cast<std::uint64_t>(number);
  const long pid = ::syscall(SYS_clone3, &how, sizeof(how));
  if (pid < 0 && errno == ENOSYS) return Fail(Errc::kUnsupported, "fork: no clone3");
  if (pid < 0) return FailErrno("fork", errno);
  return static_cast<pid_t>(pid);
}

Result<Kinship> KinshipOf(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto status = ReadFile(folder + "/status", kStatusFile);
  if (!status) return std::unexpected(status.error());
  Kinship found;
  std::istringstream lines(*status);
  for (std::string line; std::getline(lines, line);) {
    const auto begins = [&line](std::string_view name) { return line.starts_with(name); };
    if (std::ranges::any_of(kInCommon, begins)) found.lines.push_back(line);
  }
  std::error_code error;
  found.network = std::filesystem::read_symlink(folder + "/ns/net", error).string();
  if (error) return FailErrno("network namespace of " + std::to_string(pid), error.value());
  return found;
}

Result<Process> AdoptSibling(pid_t pid, const Kinship& of) {
  // First: Adopt then sees whether the pid has become another process's meanwhile.
  const auto id = IdentifyProcess(pid);
  if (!id) return std::unexpected(id.error());
  const auto kinship = KinshipOf(pid);
  if (!kinship) return std::unexpected(kinship.error());
  if (*kinship != of || IsNoted(pid)) {
    return Fail(Errc::kPermissionDenied,
                "process " + std::to_string(pid) + " is no new child that it could have made");
  }
  return Process::Adopt(*id);
}

}  // namespace strata::host
