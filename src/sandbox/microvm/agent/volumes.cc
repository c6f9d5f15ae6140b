#include "sandbox/microvm/agent/volumes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include "base/files/files.h"
#include "sandbox/microvm/agent/drive.h"

namespace strata::sandbox::microvm::agent {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kCareful = MS_NOSUID | MS_NODEV;

// As the sandbox's programs would find it.
Result<Fd> OpenBelow(const Fd& root, const fs::path& path) {
  open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how));
  if (fd >= 0) return Fd(static_cast<int>(fd));
  return FailErrno("open " + path.string(), errno);
}

Result<Fd> MakeBelow(const Fd& root, const fs::path& path) {
  auto at = OpenBelow(root, "/");
  fs::path so_far = "/";
  for (const fs::path& part : path.relative_path()) {
    if (!at) return at;
    if (::mkdirat(at->get(), part.c_str(), 0755) != 0 && errno != EEXIST) {
      return FailErrno("make " + path.string(), errno);
    }
    so_far /= part;
    at = OpenBelow(root, so_far);
  }
  return at;
}

Result<void> MountDrive(const GuestVolume& volume, const std::string& place) {
  const auto drive = FindAnew(volume.drive);
  if (!drive) return std::unexpected(drive.error());
  const char* node = drive->node.c_str();
  if (!volume.read_only) {
    if (::mount(node, place.c_str(), "ext4", kCareful, "errors=remount-ro") == 0) return {};
    return FailErrno("mount " + volume.at, errno);
  }
  // Its journal could not be written back; SyncVolumes left nothing in it.
  for (const char* options : {"", "noload"}) {
    if (::mount(node, place.c_str(), "ext4", kCareful | MS_RDONLY, options) == 0) return {};
  }
  return FailErrno("mount " + volume.at, errno);
}

Result<void> MountTmpfs(const GuestVolume& volume, const std::string& place) {
  const std::string options = "mode=1777,nr_inodes=16k,size=" + std::to_string(volume.size);
  if (::mount("tmpfs", place.c_str(), "tmpfs", kCareful, options.c_str()) == 0) return {};
  return FailErrno("mount " + volume.at, errno);
}

}  // namespace

Result<std::vector<Fd>> MountVolumes(const std::vector<GuestVolume>& volumes) {
  std::vector<Fd> drives;
  const auto root = OpenFile(kRoot, O_PATH | O_DIRECTORY);
  if (!root) return std::unexpected(root.error());
  for (const GuestVolume& volume : volumes) {
    const auto place = MakeBelow(*root, volume.at);
    if (!place) return std::unexpected(place.error());
    const std::string path = "/proc/self/fd/" + std::to_string(place->get());
    auto done = volume.drive.empty() ? MountTmpfs(volume, path) : MountDrive(volume, path);
    if (!done) return std::unexpected(std::move(done).error());
    if (volume.drive.empty()) continue;
    const auto seen = OpenBelow(*root, volume.at);
    if (!seen) return std::unexpected(seen.error());
    auto opened = OpenFile("/proc/self/fd/" + std::to_string(seen->get()), O_RDONLY | O_DIRECTORY);
    if (!opened) return std::unexpected(std::move(opened).error());
    drives.push_back(std::move(*opened));
  }
  return drives;
}

void SyncVolumes(const std::vector<Fd>& volumes) {
  for (const Fd& volume : volumes) {
    if (::ioctl(volume.get(), FIFREEZE, 0) == 0) ::ioctl(volume.get(), FITHAW, 0);
  }
}

}  // namespace strata::sandbox::microvm::agent
