#include "artifact/unpack/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace strata::artifact::unpack {
namespace {

constexpr std::size_t kLongestPath = 4095;
constexpr mode_t kModeBits = 07777;

Result<void> MakeParents(const Fd& root, const std::string& path, Budget& budget) {
  for (std::size_t slash = 0; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    auto place = FindPlace(root, path.substr(0, slash), budget);
    if (!place) return std::unexpected(std::move(place).error());
    if (::mkdirat(place->parent.get(), place->name.c_str(), 0755) == 0) {
      if (auto taken = budget.Take(); !taken) return taken;
    } else if (errno != EEXIST) {
      return FailErrno("make " + place->Path(), errno);
    }
  }
  return {};
}

}  // namespace

Result<void> Budget::Take() {
  if (left_ == 0) {
    return Fail(Errc::kResourceExhausted,
                "the layer has more than " + std::to_string(most_) + " files and directories");
  }
  --left_;
  return {};
}

Result<std::string> PlainPath(std::string_view name) {
  if (name.size() > kLongestPath) {
    return Fail(Errc::kInvalidArgument, "a name in the layer is too long");
  }
  std::string plain;
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return Fail(Errc::kInvalidArgument, "a name in the layer leads out of it: '" + plain +
                                              (plain.empty() ? "" : "/") + "../" +
                                              std::string(name) + "'");
    }
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain;
}

Result<Fd> OpenDirectory(const Fd& root, const std::string& path) {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd =
      ::syscall(SYS_openat2, root.get(), path.empty() ? "." : path.c_str(), &how, sizeof(how));
  if (fd >= 0) return Fd(static_cast<int>(fd));
  if (errno == ELOOP || errno == EXDEV) {
    return Fail(Errc::kInvalidArgument, "'" + path + "' in the layer goes through a link");
  }
  if (errno == ENOTDIR) {
    return Fail(Errc::kInvalidArgument, "'" + path + "' in the layer is no directory");
  }
  return FailErrno("open " + path, errno);
}

Result<Place> FindPlace(const Fd& root, const std::string& path, Budget& budget) {
  const std::size_t slash = path.rfind('/');
  Place place;
  if (slash != std::string::npos) place.parent_path = path.substr(0, slash);
  place.name = slash == std::string::npos ? path : path.substr(slash + 1);
  auto parent = OpenDirectory(root, place.parent_path);
  if (!parent && parent.error().code == Errc::kNotFound) {
    if (auto made = MakeParents(root, place.parent_path, budget); !made) {
      return std::unexpected(std::move(made).error());
    }
    parent = OpenDirectory(root, place.parent_path);
  }
  if (!parent) return std::unexpected(std::move(parent).error());
  place.parent = *std::move(parent);
  return place;
}

Result<void> ClearPlace(const Place& place) {
  if (::unlinkat(place.parent.get(), place.name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR && ::unlinkat(place.parent.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
    return {};
  }
  if (errno == ENOTEMPTY) {
    return Fail(Errc::kInvalidArgument, "the layer replaces the directory '" + place.Path() +
                                            "', in which it has put something");
  }
  return FailErrno("replace " + place.Path(), errno);
}

Result<void> SetAttributes(const Fd& file, mode_t mode, std::int64_t uid, std::int64_t gid,
                           const std::string& name) {
  // Owner first: changing it clears the set-id bits.
  if (::fchown(file.get(), static_cast<uid_t>(uid), static_cast<gid_t>(gid)) != 0) {
    return FailErrno("own " + name, errno);
  }
  if (::fchmod(file.get(), mode & kModeBits) != 0) return FailErrno("mode of " + name, errno);
  return {};
}

}  // namespace strata::artifact::unpack
