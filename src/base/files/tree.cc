#include "base/files/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/files/directory.h"
#include "base/files/files.h"

namespace strata {
namespace {

constexpr std::size_t kPart = 64 * 1024;
constexpr mode_t kPermissions = 0777;
constexpr std::uint64_t kLargestFile = (std::uint64_t{1} << 33) - 1;  // eleven octal digits

class Packer {
 public:
  Packer(const WriteFn& write, const SkippedFn& skipped) : write_(write), skipped_(skipped) {}

  Result<void> Pack(const Fd& directory, const std::string& path);

 private:
  Result<void> PackEntry(const Fd& parent, const std::string& name, const std::string& path);
  Result<void> PackFile(const Fd& file, const struct stat& status, const std::string& path);

  const WriteFn& write_;
  const SkippedFn& skipped_;
};

Result<void> Packer::Pack(const Fd& directory, const std::string& path) {
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return FailErrno("look at " + path, errno);
  auto told = write_(tar::Header({.path = path, .is_directory = true, .mode = status.st_mode}));
  if (!told) return told;
  auto names = NamesIn(directory, path);  // sorted: the same tree is the same stream
  if (!names) return std::unexpected(std::move(names).error());
  for (const std::string& name : *names) {
    auto packed = PackEntry(directory, name, path.empty() ? name : path + "/" + name);
    if (!packed) return packed;
  }
  return {};
}

Result<void> Packer::PackEntry(const Fd& parent, const std::string& name, const std::string& path) {
  if (path.size() > tar::kLongestPath - 1) {
    return Fail(Errc::kInvalidArgument, "a name is too long: " + path);
  }
  struct stat status{};
  if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return FailErrno("look at " + path, errno);
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return skipped_(path), Result<void>{};
  // Not what it was just now, perhaps: a FIFO would keep us waiting.
  const Fd entry(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!entry.valid() || ::fstat(entry.get(), &status) != 0) return FailErrno("open " + path, errno);
  if (S_ISDIR(status.st_mode)) return Pack(entry, path);
  if (S_ISREG(status.st_mode)) return PackFile(entry, status, path);
  return skipped_(path), Result<void>{};
}

Result<void> Packer::PackFile(const Fd& file, const struct stat& status, const std::string& path) {
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kLargestFile) {
    return Fail(Errc::kResourceExhausted, path + ": files of 8 GiB and more are not copied");
  }
  auto written = write_(tar::Header({.path = path, .mode = status.st_mode, .size = size}));
  std::array<char, kPart> part;
  for (std::uint64_t left = size; written && left > 0;) {
    const ssize_t got = ::read(file.get(), part.data(), std::min<std::uint64_t>(left, part.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("read " + path, errno);
    if (got == 0) return Fail(Errc::kFailedPrecondition, path + " became shorter meanwhile");
    written = write_({part.data(), static_cast<std::size_t>(got)});
    left -= static_cast<std::uint64_t>(got);
  }
  if (written) written = write_(tar::Padding(size));
  return written;
}

// Never a link to one.
Result<Fd> EnterDirectory(const Fd& parent, const std::string& name, const std::string& path) {
  Fd directory(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return FailErrno("open directory " + path, errno);
  return directory;
}

// Every directory has an entry before what is in it: what is made without one nobody would count.
Result<Fd> EnterParent(const Fd& root, const std::string& path) {
  auto parent = DuplicateFd(root);
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); parent && slash != std::string::npos;
       slash = path.find('/', begin)) {
    parent = EnterDirectory(*parent, path.substr(begin, slash - begin), path.substr(0, slash));
    begin = slash + 1;
  }
  if (!parent && parent.error().code == Errc::kNotFound) {
    return Fail(Errc::kInvalidArgument,
                "the archive is damaged: '" + path + "' comes before its directory");
  }
  return parent;
}

}  // namespace

Result<void> PackTree(const Fd& root, const WriteFn& write, const SkippedFn& skipped) {
  if (auto packed = Packer(write, skipped).Pack(root, ""); !packed) return packed;
  return write(tar::End());
}

Result<Fd> OpenTreeRoot(const std::filesystem::path& target, const std::string& name) {
  std::error_code ignored;
  const bool within = std::filesystem::is_directory(target, ignored);
  const std::filesystem::path place = within ? target / name : target;
  if (::mkdir(place.c_str(), kPermissions) != 0 && errno != EEXIST) {
    return FailErrno("make " + place.string(), errno);
  }
  return OpenFile(place, O_RDONLY | O_DIRECTORY);
}

Result<void> TreeUnpacker::Sink::OnEntry(const tar::Entry& entry) {
  file_.Reset();
  if (entry.path.empty()) return {};
  path_ = entry.path;
  const auto parent = EnterParent(root_, path_);
  if (!parent) return std::unexpected(parent.error());
  const std::string name = path_.substr(path_.rfind('/') + 1);
  if (entry.is_directory) {
    // Ours to write in, whatever the other side's may be.
    const mode_t mode = entry.mode | S_IRWXU;
    if (::mkdirat(parent->get(), name.c_str(), mode) != 0 && errno != EEXIST) {
      return FailErrno("make " + path_, errno);
    }
    const auto made = EnterDirectory(*parent, name, path_);
    return made ? Result<void>() : std::unexpected(made.error());
  }
  if (::unlinkat(parent->get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    return FailErrno("replace " + path_, errno);
  }
  file_ = Fd(::openat(parent->get(), name.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, entry.mode));
  if (!file_.valid()) return FailErrno("make " + path_, errno);
  return {};
}

Result<void> TreeUnpacker::Sink::OnContent(std::string_view bytes) {
  auto written = WriteAll(file_.get(), bytes);
  if (!written) return Wrap(std::move(written).error(), "write " + path_);
  return {};
}

Result<void> FileFiller::Take(std::string_view bytes) {
  if (bytes.size() > left_) {
    return Fail(Errc::kResourceExhausted,
                "the file is larger than " + std::to_string(most_.count) + " bytes");
  }
  left_ -= bytes.size();
  return WriteAll(file_.get(), bytes);
}

}  // namespace strata
