#include "manager/records/rotating_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/files/files.h"

namespace strata::manager {
namespace {

constexpr int kFlags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW;
constexpr std::uint64_t kTailWindow = 1 << 20;

Result<std::string> ReadAt(const Fd& fd, std::uint64_t from, std::uint64_t count) {
  std::string text(count, '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(from));
  if (got < 0) return FailErrno("read a log", errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

}  // namespace

Result<RotatingFile> RotatingFile::Open(std::filesystem::path path, Bytes limit) {
  auto fd = OpenFile(path, kFlags, 0600);
  if (!fd) return std::unexpected(fd.error());
  struct stat found{};
  if (::fstat(fd->get(), &found) != 0) return FailErrno("stat " + path.string(), errno);
  return RotatingFile(std::move(path), limit, std::move(*fd),
                      static_cast<std::uint64_t>(found.st_size));
}

std::size_t RotatingFile::Append(std::string_view lines) noexcept {
  if (lines.empty()) return 0;
  if (size_ + lines.size() > limit_.count && size_ > 0 && !Rotate()) return lines.size();
  if (!WriteAll(fd_.get(), lines)) {
    // A part may have been written; followers must not see half a line as a whole one.
    (void)!::ftruncate(fd_.get(), static_cast<off_t>(size_));
    return lines.size();
  }
  size_ += lines.size();
  return 0;
}

Result<void> RotatingFile::Rotate() {
  auto old = path_;
  old += ".1";
  // Absent: a rotation before this one got no new file, for want of space. This one may.
  if (::rename(path_.c_str(), old.c_str()) != 0 && errno != ENOENT) {
    return FailErrno("rotate " + path_.string(), errno);
  }
  auto fd = OpenFile(path_, kFlags, 0600);
  if (!fd) return std::unexpected(fd.error());
  fd_ = std::move(*fd);
  base_ += size_;
  size_ = 0;
  return {};
}

Result<RotatingFile::Chunk> RotatingFile::Read(std::uint64_t offset, Bytes limit) const {
  const std::uint64_t from = std::clamp(offset, base_, end()) - base_;
  auto text = ReadAt(fd_, from, std::min(size_ - from, limit.count));
  if (!text) return std::unexpected(text.error());
  const std::size_t last = text->rfind('\n');
  text->resize(last == std::string::npos ? 0 : last + 1);
  const std::uint64_t next = base_ + from + text->size();
  return Chunk{std::move(*text), next};
}

Result<std::uint64_t> RotatingFile::TailOffset(std::uint32_t lines) const {
  const std::uint64_t from = size_ > kTailWindow ? size_ - kTailWindow : 0;
  auto text = ReadAt(fd_, from, size_ - from);
  if (!text) return std::unexpected(text.error());
  std::size_t at = text->size();
  for (std::uint32_t line = 0; line < lines && at > 0; ++line) {
    // The newline before `at` ends the line that is being passed; the one before that starts it.
    const std::size_t newline = at >= 2 ? text->rfind('\n', at - 2) : std::string::npos;
    at = newline == std::string::npos ? 0 : newline + 1;
  }
  return base_ + from + at;
}

}  // namespace strata::manager
