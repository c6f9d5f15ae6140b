#include "host/files/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace strata::host {
namespace {

constexpr std::chrono::milliseconds kLook{10};

}  // namespace

Result<Fd> LockFile(const std::filesystem::path& path, std::chrono::milliseconds patience) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return FailErrno("open " + path.string(), errno);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const int err = errno;
    if (err == EINTR) continue;
    if (err != EWOULDBLOCK) return FailErrno("lock " + path.string(), err);
    if (std::chrono::steady_clock::now() >= until) {
      return Fail(Errc::kFailedPrecondition, path.string() + " is held by another process");
    }
    std::this_thread::sleep_for(kLook);
  }
  return fd;
}

}  // namespace strata::host
