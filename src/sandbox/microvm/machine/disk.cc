#include "sandbox/microvm/machine/disk.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/files/files.h"
#include "host/confine/user_namespace.h"
#include "host/files/detached_mount.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kMkfsPatience{10};
constexpr std::uint64_t kBlock = 4096;
constexpr int kDeepest = 256;  // each level is a descriptor while it is looked at
constexpr TreeSize kMostOnDisk{.bytes = Bytes::MiB(64 * 1024), .files = 400'000};
constexpr Bytes kDiskItself = Bytes::MiB(16);  // tables, and what is not counted
constexpr Bytes kKeptFree = Bytes::MiB(1024);  // for others of the file system
// Of mkfs, which knows all files of a directory at once, with 4 KiB for each name.
constexpr Bytes kMkfsMemory = Bytes::MiB(2048);
constexpr int kBeforeGuests = 800;  // it is killed when memory runs out

// Two lower layers at least, or overlayfs refuses to show what the layers hide.
Result<void> MountLayers(const artifact::RootImage& root, const fs::path& at) {
  std::string layers;
  for (const std::string& layer : root.lower) layers += layer + ":";
  layers += (at / "empty").string();
  for (const char* name : {"empty", "root"}) {
    if (auto made = MakeDirectories(at / name, 0755); !made) return made;
  }
  const std::string options = "lowerdir=" + layers;
  if (::mount("overlay", (at / "root").c_str(), "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV,
              options.c_str()) != 0) {
    return FailErrno("mount the layers", errno);
  }
  return {};
}

Result<void> AttachTrees(const std::vector<Tree>& trees, const fs::path& at) {
  if (auto made = MakeDirectories(at / "root", 0755); !made) return made;
  for (const Tree& tree : trees) {
    const fs::path place = at / "root" / tree.name;
    auto made =
        tree.directory ? MakeDirectories(place, 0755) : WriteFileAtomic(place, std::string());
    if (made) made = host::AttachMount(tree.mount, place);
    if (!made) return made;
  }
  return {};
}

std::string PathOf(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

enum class Special : std::uint8_t { kTaken, kRefused };

// Of what is below `path`, which stands for `named`.
Result<TreeSize> Measure(const fs::path& path, const std::string& named, const TreeSize& most,
                         Special special) {
  const auto refuse = [&](const std::string& what) {
    return Fail(Errc::kUnsupported, named + ": " + what);
  };
  TreeSize found;
  std::error_code failed;
  fs::recursive_directory_iterator each(path, failed);
  for (; !failed && each != fs::recursive_directory_iterator(); each.increment(failed)) {
    const auto status = each->symlink_status(failed);
    if (failed) break;
    const bool file = fs::is_regular_file(status);
    const bool known = file || fs::is_directory(status) || fs::is_symlink(status);
    if (!known && special == Special::kRefused) return refuse("a device, pipe or socket is in it");
    const std::uint64_t size = file ? each->file_size(failed) : 0;
    if (failed) break;
    if (size > most.bytes.count) return refuse("it has too large a file");
    found.bytes.count += (size / kBlock + 2) * kBlock;
    if (++found.files > most.files || found.bytes > most.bytes || each.depth() > kDeepest) {
      return refuse("it is larger than " + std::to_string(most.bytes.count >> 20) + " MiB, " +
                    std::to_string(most.files) + " files or too deep");
    }
  }
  if (failed) return Fail(Errc::kUnavailable, "look through " + named + ": " + failed.message());
  return found;
}

Result<void> CheckRoom(int disk, Bytes largest) {
  struct statvfs room{};
  if (::fstatvfs(disk, &room) != 0) return FailErrno("disk", errno);
  const Bytes free{room.f_bavail * room.f_frsize};
  if (free >= largest + kKeptFree) return {};
  return Fail(Errc::kResourceExhausted,
              "disk: it takes " + std::to_string(largest.count >> 20) + " MiB where " +
                  std::to_string(free.count >> 20) + " MiB are free; " +
                  std::to_string(kKeptFree.count >> 20) + " MiB are left to others");
}

// It has no name when mkfs begins: nobody can put something else in its place, and nothing of it is
// left behind.
Result<Fd> MakeFile(const fs::path& at) {
  const fs::path path = at / "disk";
  auto disk = OpenFile(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (disk && ::unlink(path.c_str()) != 0) return FailErrno("disk", errno);
  return disk;
}

// The image's author chose what mkfs reads: it gets those files, owned by whomever, and the disk.
Result<Fd> MakeFileSystem(const Config& config, const fs::path& at) {
  constexpr int kDisk = 3;
  const fs::path root = at / "root";
  const auto size = Measure(root, "root", kMostOnDisk, Special::kTaken);
  if (!size) return std::unexpected(size.error());
  const Bytes largest = size->bytes + kDiskItself;
  const auto disk = MakeFile(at);
  if (!disk) return std::unexpected(disk.error());
  if (auto room = CheckRoom(disk->get(), largest); !room) return std::unexpected(room.error());
  std::vector<host::PathRule> paths = host::SystemPrograms();
  paths.push_back({config.mkfs.string(), host::PathAccess::kProgram});
  paths.push_back({root.string(), host::PathAccess::kReadOnly});
  paths.push_back({PathOf(disk->get()), host::PathAccess::kReadWrite});
  auto ran = host::RunToEnd(
      {.program = config.mkfs.string(),
       .arguments = {"-x", "-1", PathOf(kDisk), root.string()},
       .environment = {"PATH=/usr/bin:/bin"},
       .fds = {{disk->get(), kDisk}},
       .limits = {{RLIMIT_FSIZE, largest.count}, {RLIMIT_CORE, 0}, {RLIMIT_AS, kMkfsMemory.count}},
       .namespaces = host::Namespaces::kRequired,
       .privileges = host::Privileges::kDrop,
       .capabilities = 1ULL << CAP_DAC_READ_SEARCH,
       .paths = std::move(paths),
       .oom_score_adjust = kBeforeGuests},
      kMkfsPatience, Bytes::MiB(64));
  if (!ran) return std::unexpected(std::move(ran).error());
  if (!ran->status.success()) {
    return Fail(Errc::kInternal, "mkfs.erofs: " + ran->status.ToString() + ": " + ran->err);
  }
  // QEMU, which is not root, opens it anew through its descriptor.
  if (::fchmod(disk->get(), 0644) != 0) return FailErrno("disk", errno);
  return OpenFile(PathOf(disk->get()), O_RDONLY);
}

void Unmount(const fs::path& place) { ::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW); }

// `mount` puts below the directory that it is given, as "root", what is to be on the disk.
template <typename Mount, typename Undo>
Result<Fd> MakeIn(const Config& config, const std::string& name, Mount mount, Undo undo) {
  const fs::path at = config.state_root / name;
  if (auto made = MakeDirectories(at, 0700); !made) return std::unexpected(std::move(made).error());
  const Result<void> mounted = mount(at);
  auto disk = mounted ? MakeFileSystem(config, at) : std::unexpected(mounted.error());
  undo(at);
  std::error_code ignored;
  fs::remove_all(at, ignored);  // what might still be mounted there is read-only
  return disk;
}

}  // namespace

Result<Fd> MakeDisk(const Config& config, const artifact::RootImage& root,
                    const std::string& name) {
  return MakeIn(
      config, name, [&](const fs::path& at) { return MountLayers(root, at); },
      [](const fs::path& at) { Unmount(at / "root"); });
}

Result<Tree> OpenTree(std::string name, const std::string& path) {
  auto mount =
      host::CloneReadOnly(path, host::MountsBelow::kNot, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (!mount) return std::unexpected(std::move(mount).error());
  struct stat status{};
  if (::fstat(mount->get(), &status) != 0) return FailErrno("look at " + path, errno);
  return Tree{
      .name = std::move(name), .mount = std::move(*mount), .directory = S_ISDIR(status.st_mode)};
}

Result<TreeSize> MeasureTree(const Tree& tree, const TreeSize& most) {
  if (tree.directory) {
    return Measure(PathOf(tree.mount.get()) + "/.", tree.name, most, Special::kRefused);
  }
  struct stat status{};
  if (::fstat(tree.mount.get(), &status) != 0) return FailErrno("look at " + tree.name, errno);
  if (!S_ISREG(status.st_mode)) {
    return Fail(Errc::kUnsupported, tree.name + ": a device, pipe or socket");
  }
  const Bytes size{static_cast<std::uint64_t>(status.st_size)};
  if (size > most.bytes || most.files == 0) {
    return Fail(Errc::kUnsupported, tree.name + ": it is larger than " +
                                        std::to_string(most.bytes.count >> 20) + " MiB");
  }
  return TreeSize{.bytes = size, .files = 1};
}

Result<Fd> MakeDisk(const Config& config, const std::vector<Tree>& trees, const std::string& name) {
  return MakeIn(
      config, name, [&](const fs::path& at) { return AttachTrees(trees, at); },
      [&](const fs::path& at) {
        for (const Tree& tree : trees) Unmount(at / "root" / tree.name);
      });
}

Result<Fd> MakeMemory(Bytes size) {
  auto memory = host::MakeMemfd("guest-memory");
  if (!memory) return memory;
  if (::ftruncate(memory->get(), static_cast<off_t>(size.count)) != 0) {
    return FailErrno("guest memory", errno);
  }
  return memory;
}

}  // namespace strata::sandbox::microvm
