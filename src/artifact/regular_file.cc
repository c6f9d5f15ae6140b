#include "artifact/regular_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files/files.h"
#include "base/sha256.h"
#include "base/text/hex.h"

namespace strata::artifact {
namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::size_t kChunk = 256 << 10;

std::unexpected<Error> TooLarge(const std::string& name, Bytes limit) {
  return Fail(Errc::kResourceExhausted,
              name + " is larger than " + std::to_string(limit.count) + " bytes");
}

}  // namespace

Result<std::vector<std::byte>> ReadRegular(const Fd& fd, Bytes limit, const std::string& name) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return FailErrno("stat " + name, errno);
  if (!S_ISREG(status.st_mode)) {
    return Fail(Errc::kInvalidArgument, name + " is not a regular file");
  }
  if (static_cast<std::uint64_t>(status.st_size) > limit.count) return TooLarge(name, limit);
  // One byte more than expected: a file that grows meanwhile is noticed, not cut.
  std::vector<std::byte> content(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("read " + name, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size == content.size()) {
    return Fail(Errc::kUnavailable, name + " grew while it was read");
  }
  content.resize(size);
  return content;
}

Result<void> ForEachChunk(const Fd& fd, const std::function<Result<void>(std::string_view)>& each) {
  std::vector<char> chunk(kChunk);
  off_t offset = 0;
  while (true) {
    const ssize_t got = ::pread(fd.get(), chunk.data(), chunk.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("read a file", errno);
    if (got == 0) return {};
    if (auto done = each(std::string_view(chunk.data(), static_cast<std::size_t>(got))); !done) {
      return done;
    }
    offset += got;
  }
}

Result<Fd> OpenBeneath(const Fd& root, const std::string& path, const std::string& name) {
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a FIFO without a writer must not block
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how));
  if (fd >= 0) return Fd(static_cast<int>(fd));
  const int err = errno;
  if (err == ELOOP) return Fail(Errc::kInvalidArgument, name + ": " + path + " is a link");
  if (err == EXDEV) return Fail(Errc::kInvalidArgument, name + ": " + path + " leads outside");
  return FailErrno(name + ": open " + path, err);
}

Result<Fd> OpenFolder(const std::string& path) { return OpenFile(path, O_RDONLY | O_DIRECTORY); }

std::string_view DigestHex(std::string_view digest) {
  if (!digest.starts_with(kSha256)) return {};
  const std::string_view hex = digest.substr(kSha256.size());
  const bool valid = hex.size() == 64 && std::all_of(hex.begin(), hex.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
  return valid ? hex : std::string_view();
}

std::string DigestOf(ByteView bytes) { return std::string(kSha256) + HexEncode(Sha256Of(bytes)); }

}  // namespace strata::artifact
