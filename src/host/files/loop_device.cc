#include "host/files/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/files/files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr int kMostTries = 32;  // others may take the device that was free
constexpr int kLockTries = 50;
constexpr int kBetweenLocksMs = 20;
// Only root sees and sets it. A copy of the file has to keep it.
constexpr const char* kMark = "trusted.strata.written-by-machine";

std::optional<LoopDevice> OpenIfOf(const struct stat& image, const std::string& name) {
  const std::string path = "/dev/" + name;
  auto device = OpenFile(path, O_RDWR);
  loop_info64 info = {};
  if (!device || ::ioctl(device->get(), LOOP_GET_STATUS64, &info) != 0) return std::nullopt;
  if (info.lo_device != image.st_dev || info.lo_inode != image.st_ino) return std::nullopt;
  return LoopDevice{std::move(*device), path};
}

std::optional<LoopDevice> FindAttached(const struct stat& image) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
    if (!fs::exists(entry.path() / "loop", error)) continue;  // no loop device, or a free one
    if (auto found = OpenIfOf(image, entry.path().filename())) return found;
  }
  return std::nullopt;
}

Result<LoopDevice> AttachFree(const Fd& control, const Fd& image) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return FailErrno("find a free loop device", errno);
    const std::string path = "/dev/loop" + std::to_string(number);
    auto device = OpenFile(path, O_RDWR);
    if (!device) return std::unexpected(std::move(device).error());
    loop_config config = {};
    config.fd = static_cast<__u32>(image.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(device->get(), LOOP_CONFIGURE, &config) == 0) {
      return LoopDevice{std::move(*device), path};
    }
    if (errno != EBUSY) return FailErrno("configure " + path, errno);
  }
  return Fail(Errc::kResourceExhausted, "no loop device is free");
}

Result<Fd> OpenImage(const fs::path& image, int access) {
  auto file = OpenFile(image, access | O_NOFOLLOW);
  if (!file) return file;
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return FailErrno("look at " + image.string(), errno);
  if (S_ISREG(status.st_mode)) return file;
  return Fail(Errc::kInvalidArgument, image.string() + " is no regular file");
}

// While it is held, nobody else attaches the file in either way. Of a description of its own: a
// loop device keeps what it is given open, and with it a lock.
Result<Fd> LockOut(const fs::path& image) {
  auto lock = OpenFile(image, O_RDONLY | O_NOFOLLOW);
  if (!lock) return lock;
  // Others have it for moments, but for a machine's QEMU that was taken over: that has the file,
  // too.
  for (int tried = 0; ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0; ++tried) {
    if (errno != EWOULDBLOCK) return FailErrno("lock " + image.string(), errno);
    if (tried == kLockTries)
      return Fail(Errc::kFailedPrecondition, image.string() + " stays locked");
    static_cast<void>(::poll(nullptr, 0, kBetweenLocksMs));
  }
  return lock;
}

// What a machine's drive holds: one byte, beside those that QEMU may lock itself.
struct flock DriveLock(short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  return lock;
}

Result<void> CheckMark(const Fd& file) {
  if (::fgetxattr(file.get(), kMark, nullptr, 0) < 0) {
    // Where there are no attributes, no machine was given the file to write.
    if (errno == ENODATA || errno == EOPNOTSUPP) return {};
    return FailErrno("look for the mark of virtual machines", errno);
  }
  return Fail(Errc::kFailedPrecondition,
              "a virtual machine has written its blocks, so the host's kernel does not mount it; "
              "only class microvm may use it from now on");
}

constexpr const char* kMachineHasIt = "a virtual machine has it; one at a time can";

}  // namespace

Result<void> CheckMountable(const fs::path& image) {
  const auto file = OpenImage(image, O_RDONLY);
  if (!file) return std::unexpected(file.error());
  return CheckMark(*file);
}

Result<Fd> OpenAsDrive(const fs::path& image, DriveAccess access) {
  const bool writes = access == DriveAccess::kWrite;
  auto file = OpenImage(image, writes ? O_RDWR : O_RDONLY);
  if (!file) return file;
  const auto lock = LockOut(image);
  if (!lock) return std::unexpected(lock.error());
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return FailErrno("look at " + image.string(), errno);
  if (FindAttached(status)) {
    return Fail(Errc::kFailedPrecondition,
                "sandboxes of another class have it mounted; a virtual machine has it alone");
  }
  struct flock mine = DriveLock(writes ? F_WRLCK : F_RDLCK);
  if (::fcntl(file->get(), F_OFD_SETLK, &mine) != 0) {
    if (errno != EAGAIN && errno != EACCES) return FailErrno("lock " + image.string(), errno);
    return Fail(Errc::kFailedPrecondition, kMachineHasIt);
  }
  return file;
}

Result<void> MarkWritten(int drive) {
  const std::array<char, 1> yes = {'1'};
  if (::fsetxattr(drive, kMark, yes.data(), yes.size(), 0) == 0) {
    return ::fsync(drive) == 0 ? Result<void>{} : FailErrno("mark the file", errno);
  }
  if (errno != EOPNOTSUPP) return FailErrno("mark the file", errno);
  return Fail(Errc::kUnsupported,
              "the file system it lies on keeps no extended attributes, which tell a volume that a "
              "virtual machine has written");
}

Result<LoopDevice> AttachLoop(const fs::path& image) {
  auto file = OpenImage(image, O_RDWR);
  if (!file) return std::unexpected(std::move(file).error());
  auto control = OpenFile("/dev/loop-control", O_RDWR);
  if (!control) return Fail(Errc::kUnsupported, "loop devices: " + control.error().message);
  const auto lock = LockOut(image);
  if (!lock) return std::unexpected(lock.error());
  if (auto clean = CheckMark(*file); !clean) return std::unexpected(std::move(clean).error());
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return FailErrno("look at " + image.string(), errno);
  if (auto found = FindAttached(status)) return std::move(*found);
  struct flock other = DriveLock(F_WRLCK);
  if (::fcntl(file->get(), F_OFD_GETLK, &other) != 0) {
    return FailErrno("look for locks of " + image.string(), errno);
  }
  if (other.l_type != F_UNLCK) return Fail(Errc::kFailedPrecondition, kMachineHasIt);
  return AttachFree(*control, *file);
}

}  // namespace strata::host
