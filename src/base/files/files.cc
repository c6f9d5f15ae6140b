#include "base/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace strata {
namespace {

constexpr std::size_t kChunk = 64 << 10;

Result<void> Sync(int fd, const std::filesystem::path& path) {
  if (::fsync(fd) != 0) return FailErrno("fsync " + path.string(), errno);
  return {};
}

// Writes `content` durably into the fresh file `temporary`.
Result<void> WriteTemporary(int fd, const std::filesystem::path& temporary,
                            std::string_view content, mode_t mode) {
  if (auto done = WriteAll(fd, content); !done) {
    return Wrap(std::move(done).error(), temporary.string());
  }
  // mkostemp made it 0600 whatever the umask; the caller's mode is meant literally.
  if (::fchmod(fd, mode) != 0) return FailErrno("fchmod " + temporary.string(), errno);
  return Sync(fd, temporary);
}

}  // namespace

Result<Fd> OpenFile(const std::filesystem::path& path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return FailErrno("open " + path.string(), errno);
  return Fd(fd);
}

Result<Fd> DuplicateFd(const Fd& fd) {
  Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return FailErrno("duplicate a descriptor", errno);
  return copy;
}

Result<RegularFile> OpenRegular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever.
  auto fd = OpenFile(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::unexpected(std::move(fd).error());
  struct stat status = {};
  if (::fstat(fd->get(), &status) != 0) return FailErrno("stat " + path.string(), errno);
  if (!S_ISREG(status.st_mode)) {
    return Fail(Errc::kInvalidArgument, path.string() + " is not a regular file");
  }
  return RegularFile{std::move(*fd), Bytes{static_cast<std::uint64_t>(status.st_size)}};
}

Result<std::string> ReadFile(const std::filesystem::path& path, Bytes limit) {
  const auto file = OpenRegular(path);
  if (!file) return std::unexpected(file.error());
  std::string content;
  content.reserve(std::min(file->size.count, limit.count));
  std::array<char, kChunk> chunk;
  while (true) {
    const ssize_t got = ::read(file->fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("read " + path.string(), errno);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit.count) {
      return Fail(Errc::kResourceExhausted,
                  path.string() + " is longer than " + std::to_string(limit.count) + " bytes");
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Result<void> WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailErrno("write", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> WriteFileAtomic(const std::filesystem::path& path, std::string_view content,
                             mode_t mode) {
  std::string temporary = path.string() + ".tmp.XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return FailErrno("create " + temporary, errno);
  auto done = WriteTemporary(fd.get(), temporary, content, mode);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) {
    done = FailErrno("rename " + temporary + " to " + path.string(), errno);
  }
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return SyncDirectory(path.has_parent_path() ? path.parent_path() : ".");
}

Result<void> SyncDirectory(const std::filesystem::path& directory) {
  auto fd = OpenFile(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return std::unexpected(std::move(fd).error());
  return Sync(fd->get(), directory);
}

Result<void> MakeDirectories(const std::filesystem::path& directory, mode_t mode) {
  std::filesystem::path so_far;
  for (const auto& part : directory) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), mode) == 0) continue;
    const int err = errno;
    std::error_code ignored;
    // Not only EEXIST: a parent on a read-only or foreign file system gives EROFS or EACCES.
    if (std::filesystem::is_directory(so_far, ignored)) continue;
    return FailErrno("make directory " + so_far.string(), err);
  }
  return {};
}

}  // namespace strata
