#include "host/files/detached_mount.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <utility>

#include "host/files/loop_device.h"

namespace strata::host {
namespace {

// A file system that is being described to the kernel, option by option.
class NewFileSystem {
 public:
  static Result<NewFileSystem> Begin(const char* type) {
    Fd context(::fsopen(type, FSOPEN_CLOEXEC));
    if (!context.valid()) return FailErrno(std::string("begin a ") + type, errno);
    return NewFileSystem(std::move(context));
  }

  NewFileSystem& Set(const char* name, const std::string& value) {
    Do(name, ::fsconfig(context_.get(), FSCONFIG_SET_STRING, name, value.c_str(), 0));
    return *this;
  }

  // `attributes`: MOUNT_ATTR_...
  Result<Fd> Mount(unsigned attributes) {
    Do("create", ::fsconfig(context_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    if (!done_) return std::unexpected(std::move(done_).error());
    Fd mount(::fsmount(context_.get(), FSMOUNT_CLOEXEC, attributes));
    if (!mount.valid()) return FailErrno("mount", errno);
    return mount;
  }

 private:
  explicit NewFileSystem(Fd context) : context_(std::move(context)) {}

  // The first failure stays.
  void Do(const char* step, int outcome) {
    if (outcome != 0 && done_) done_ = FailErrno(step, errno);
  }

  Fd context_;
  Result<void> done_;
};

}  // namespace

Result<Fd> MountTmpfs(Bytes size, std::uint64_t files, const Identity& owner) {
  auto made = NewFileSystem::Begin("tmpfs");
  if (!made) return std::unexpected(std::move(made).error());
  made->Set("size", std::to_string(size.count)).Set("nr_inodes", std::to_string(files));
  made->Set("uid", std::to_string(owner.uid)).Set("gid", std::to_string(owner.gid));
  auto mount =
      made->Set("mode", "0700").Mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  return mount ? std::move(mount) : Wrap(std::move(mount).error(), "tmpfs");
}

Result<Fd> CloneReadOnly(const std::string& path, MountsBelow below, std::uint64_t more) {
  const unsigned all = below == MountsBelow::kToo ? AT_RECURSIVE : 0;
  Fd mount(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | all));
  if (!mount.valid()) return FailErrno("show " + path, errno);
  mount_attr set{};
  set.attr_set = MOUNT_ATTR_RDONLY | more;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH | all, &set, sizeof(set)) != 0) {
    return FailErrno("show " + path + " read-only", errno);
  }
  return mount;
}

Result<Fd> MountVolume(const std::filesystem::path& image, VolumeAccess access,
                       const UserNamespace* users) {
  auto device = AttachLoop(image);
  if (!device) return Wrap(std::move(device).error(), "volume");
  auto made = NewFileSystem::Begin("ext4");
  if (!made) return std::unexpected(std::move(made).error());
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (access == VolumeAccess::kReadOnly) attributes |= MOUNT_ATTR_RDONLY;
  auto mount = made->Set("source", device->path).Set("errors", "remount-ro").Mount(attributes);
  if (mount && users != nullptr) {
    if (auto mapped = users->MapMount(*mount); !mapped) mount = std::unexpected(mapped.error());
  }
  return mount ? std::move(mount)
               : Wrap(std::move(mount).error(), "mount volume " + image.string());
}

}  // namespace strata::host
