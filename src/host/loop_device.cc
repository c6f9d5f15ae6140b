#include "host/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

constexpr int kMostTries = 32;  // others may take the device that was free

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

}  // namespace

Result<LoopDevice> AttachLoop(const fs::path& image) {
  auto file = OpenFile(image, O_RDWR | O_NOFOLLOW);
  if (!file) return std::unexpected(std::move(file).error());
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return FailErrno("look at " + image.string(), errno);
  if (!S_ISREG(status.st_mode)) {
    return Fail(Errc::kInvalidArgument, image.string() + " is no regular file");
  }
  auto control = OpenFile("/dev/loop-control", O_RDWR);
  if (!control) return Fail(Errc::kUnsupported, "loop devices: " + control.error().message);
  // Whoever else attaches this file waits: it then finds our device. Opened for this alone: the
  // device keeps `file` open, and with it a lock.
  const auto lock = OpenFile(image, O_RDONLY | O_NOFOLLOW);
  if (!lock) return std::unexpected(lock.error());
  if (::flock(lock->get(), LOCK_EX) != 0) return FailErrno("lock " + image.string(), errno);
  if (auto found = FindAttached(status)) return std::move(*found);
  return AttachFree(*control, *file);
}

}  // namespace strata::host
