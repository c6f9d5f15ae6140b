#include "sandbox/microvm/disk.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "host/confine/user_namespace.h"
#include "host/files/memfd.h"
#include "host/process/process.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kMkfsPatience{10};

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

// The image's author chose what mkfs reads: it gets those files, owned by whomever, and the disk.
Result<Fd> MakeFileSystem(const Config& config, const fs::path& at) {
  const fs::path disk = at / "disk";
  std::vector<host::PathRule> paths = host::SystemPrograms();
  paths.push_back({config.mkfs.string(), host::PathAccess::kProgram});
  paths.push_back({at.string(), host::PathAccess::kReadWrite});
  auto ran = host::RunToEnd({.program = config.mkfs.string(),
                             .arguments = {"-x", "-1", disk.string(), (at / "root").string()},
                             .environment = {"PATH=/usr/bin:/bin"},
                             .namespaces = host::Namespaces::kRequired,
                             .privileges = host::Privileges::kDrop,
                             .capabilities = 1ULL << CAP_DAC_READ_SEARCH,
                             .paths = std::move(paths)},
                            kMkfsPatience, Bytes::MiB(64));
  if (!ran) return std::unexpected(std::move(ran).error());
  if (!ran->status.success()) return Fail(Errc::kInternal, "mkfs.erofs: " + ran->err);
  // QEMU, which is not root, opens it anew through its descriptor.
  if (::chmod(disk.c_str(), 0644) != 0) return FailErrno("disk", errno);
  return OpenFile(disk, O_RDONLY);
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
  Fd mount(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!mount.valid()) return FailErrno("show " + path, errno);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
    return FailErrno("show " + path + " read-only", errno);
  }
  struct stat status{};
  if (::fstat(mount.get(), &status) != 0) return FailErrno("look at " + path, errno);
  return Tree{
      .name = std::move(name), .mount = std::move(mount), .directory = S_ISDIR(status.st_mode)};
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
