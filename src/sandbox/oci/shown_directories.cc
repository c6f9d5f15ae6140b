#include "sandbox/oci/shown_directories.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "base/files/fd.h"
#include "host/files/detached_mount.h"

namespace strata::sandbox::oci {
namespace {

namespace fs = std::filesystem;
using host::UserNamespace;
using Mode = model::DirGrant::Mode;

Result<Fd> OpenWithoutLinks(const std::string& directory) {
  open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, AT_FDCWD, directory.c_str(), &how, sizeof(how));
  if (fd >= 0) return Fd(static_cast<int>(fd));
  if (errno == ELOOP) {
    return Fail(Errc::kInvalidArgument, "directory '" + directory +
                                            "': there is a link on the way to it; name the "
                                            "directory itself");
  }
  return FailErrno("directory '" + directory + "'", errno);
}

Result<void> ShowMapped(const fs::path& source, const fs::path& at, const UserNamespace& users) {
  const auto mapped = users.Map(source);
  return mapped ? host::AttachMount(*mapped, at) : std::unexpected(mapped.error());
}

Result<void> ShowDirectory(const std::string& directory, const fs::path& at,
                           const UserNamespace* users) {
  const auto opened = OpenWithoutLinks(directory);
  if (!opened) return std::unexpected(opened.error());
  const std::string source = "/proc/self/fd/" + std::to_string(opened->get());
  if (users != nullptr) {
    auto shown = ShowMapped(source, at, *users);
    if (!shown) return Wrap(std::move(shown).error(), "directory '" + directory + "'");
    return {};
  }
  if (::mount(source.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) == 0) return {};
  return FailErrno("show directory '" + directory + "'", errno);
}

// Writable also for who sees it read-only: the runtime's bind decides.
Result<void> ShowVolume(const std::string& image, const fs::path& at, const UserNamespace* users) {
  const auto mount = host::MountVolume(image, host::VolumeAccess::kWrite, users);
  return mount ? host::AttachMount(*mount, at) : std::unexpected(mount.error());
}

}  // namespace

Result<model::Grants> ShowDirectories(const model::Grants& grants, const fs::path& at,
                                      const UserNamespace* users) {
  model::Grants shown = grants;
  for (std::size_t i = 0; i < shown.dirs.size(); ++i) {
    model::DirGrant& dir = shown.dirs[i];
    if (dir.mode == Mode::kScratch) continue;
    const bool volume = dir.mode == Mode::kVolume || dir.mode == Mode::kVolumeReadOnly;
    const fs::path place = at / ("shown-" + std::to_string(i));
    if (::mkdir(place.c_str(), 0700) != 0) return FailErrno("make " + place.string(), errno);
    auto done = volume ? ShowVolume(dir.host, place, users) : ShowDirectory(dir.host, place, users);
    if (!done) return std::unexpected(std::move(done).error());
    dir.host = place;
    if (dir.mode == Mode::kVolume) dir.mode = Mode::kReadWrite;
    if (dir.mode == Mode::kVolumeReadOnly) dir.mode = Mode::kReadOnly;
  }
  return shown;
}

}  // namespace strata::sandbox::oci
