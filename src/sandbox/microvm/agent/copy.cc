#include "sandbox/microvm/agent/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/fd.h"

namespace strata::sandbox::microvm::agent {
namespace {

int Complain(const char* path, int error) {
  std::fprintf(stderr, "%s: %s\n", path, std::strerror(error));
  return 1;
}

// 0, or errno.
int CopyAll(int from, int to) {
  std::array<char, 64 * 1024> part;
  while (true) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got <= 0) return got == 0 ? 0 : errno;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = ::write(to, part.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0) return errno;
      done += put;
    }
  }
}

}  // namespace

int ReadOut(const char* path) {
  // A FIFO would keep us waiting, and is no file.
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return Complain(path, errno);
  if (!S_ISREG(status.st_mode)) return Complain(path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  const int failed = CopyAll(file.get(), STDOUT_FILENO);
  return failed == 0 ? 0 : Complain(path, failed);
}

int WriteIn(const char* path, const char* mode) {
  std::string beside = std::string(path) + ".strata-XXXXXX";
  const Fd file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.valid()) return Complain(path, errno);
  int failed = CopyAll(STDIN_FILENO, file.get());
  const auto bits = static_cast<mode_t>(std::strtoul(mode, nullptr, 8) & 0777);
  if (failed == 0 && ::fchmod(file.get(), bits) != 0) failed = errno;
  if (failed == 0 && ::rename(beside.c_str(), path) != 0) failed = errno;
  if (failed == 0) return 0;
  ::unlink(beside.c_str());
  return Complain(path, failed);
}

}  // namespace strata::sandbox::microvm::agent
