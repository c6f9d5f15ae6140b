#include "manager/state_dir.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/files/files.h"
#include "host/files/file_lock.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

// The longest file name that is put under run/: a cell's name, an index and an ending.
constexpr std::size_t kLongestSocketName = 40;

constexpr Bytes kLongestPid{32};

Result<void> MakeFolder(const fs::path& dir, mode_t mode) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return FailErrno("make " + dir.string(), error.value());
  struct stat found{};
  if (::lstat(dir.c_str(), &found) != 0) return FailErrno("stat " + dir.string(), errno);
  if (!S_ISDIR(found.st_mode)) {
    return Fail(Errc::kFailedPrecondition, dir.string() + " is not a directory");
  }
  if (found.st_uid != ::geteuid()) {
    return Fail(Errc::kPermissionDenied,
                dir.string() + " belongs to another user; choose another STRATA_HOME");
  }
  if (::chmod(dir.c_str(), mode) != 0) return FailErrno("chmod " + dir.string(), errno);
  return {};
}

std::string OwnerOf(const fs::path& file) {
  auto pid = ReadFile(file, kLongestPid);
  return pid ? *pid : "unknown";
}

Result<Fd> Lock(const fs::path& file) {
  auto fd = host::LockFile(file);
  if (!fd && fd.error().code == Errc::kFailedPrecondition) {
    return Fail(Errc::kFailedPrecondition,
                "stratad (pid " + OwnerOf(file) +
                    ") already runs on this STRATA_HOME; 'strata down' stops it");
  }
  if (!fd) return fd;
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd->get(), 0) != 0 ||
      ::pwrite(fd->get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return FailErrno("write " + file.string(), errno);
  }
  return fd;
}

}  // namespace

Result<StateDir> StateDir::Open(const fs::path& home) {
  if (!home.is_absolute()) {
    return Fail(Errc::kInvalidArgument, "STRATA_HOME '" + home.string() + "' is not absolute");
  }
  if (home.string().size() + sizeof("/run/") + kLongestSocketName > sizeof(sockaddr_un::sun_path)) {
    return Fail(Errc::kInvalidArgument,
                "STRATA_HOME is too long for the sockets under it: " + home.string());
  }
  if (auto made = MakeFolder(home, 0711); !made) return std::unexpected(made.error());
  for (const char* name : {"state", "content", "cache", "keys", "run", "logs"}) {
    if (auto made = MakeFolder(home / name, 0700); !made) return std::unexpected(made.error());
  }
  // Cells run as other users, each with a folder of its own in it: they pass through, no more.
  if (auto made = MakeFolder(home / "scratch", 0711); !made) return std::unexpected(made.error());
  auto lock = Lock(home / "run" / "lock");
  if (!lock) return std::unexpected(lock.error());
  return StateDir(home, std::move(*lock));
}

fs::path StateDir::cell_control(const std::string& name) const { return run() / (name + ".ctl"); }
fs::path StateDir::cell_private(const std::string& name) const { return run() / (name + ".http"); }
fs::path StateDir::cell_scratch(const std::string& name) const { return scratch() / name; }

}  // namespace strata::manager
