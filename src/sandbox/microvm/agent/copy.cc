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
#include <string_view>
#include <utility>

#include "base/files/fd.h"
#include "base/files/files.h"
#include "base/files/tree.h"
#include "base/result.h"

namespace strata::sandbox::microvm::agent {
namespace {

int Complain(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

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
  if (S_ISDIR(status.st_mode)) return Complain(path, EISDIR), kIsDirectory;
  if (!S_ISREG(status.st_mode)) return Complain(path, EINVAL);
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

int PackOut(const char* path) {
  const auto root = OpenFile(path, O_RDONLY | O_DIRECTORY);
  if (!root) return Complain(root.error());
  const auto write = [](std::string_view bytes) { return WriteAll(STDOUT_FILENO, bytes); };
  const auto skipped = [](const std::string& name) {
    std::fprintf(stderr, "left out, neither a file nor a directory: %s\n", name.c_str());
  };
  const auto packed = PackTree(*root, write, skipped);
  return packed ? 0 : Complain(packed.error());
}

int UnpackIn(const char* path, const char* name) {
  auto root = OpenTreeRoot(path, name);
  if (!root) return Complain(root.error());
  TreeUnpacker unpacker(std::move(*root));
  std::array<char, 64 * 1024> part;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0) return Complain("standard input", errno);
    if (got == 0) break;
    const auto taken = unpacker.Take({part.data(), static_cast<std::size_t>(got)});
    if (!taken) return Complain(taken.error());
  }
  const auto finished = unpacker.Finish();
  return finished ? 0 : Complain(finished.error());
}

}  // namespace strata::sandbox::microvm::agent
