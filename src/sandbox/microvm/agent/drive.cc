#include "sandbox/microvm/agent/drive.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "base/bytes.h"
#include "base/files/files.h"

namespace strata::sandbox::microvm::agent {
namespace {

namespace fs = std::filesystem;

constexpr int kPatienceMs = 10'000;
constexpr int kAskAgainMs = 2;
constexpr const char* kDriver = "/sys/bus/virtio/drivers/virtio_blk";

std::optional<BlockDrive> Find(std::string_view serial) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/block", error)) {
    const auto found = ReadFile(entry.path() / "serial", 4_KiB);
    if (!found || *found != serial) continue;
    BlockDrive drive{.node = "/dev" / entry.path().filename(), .device = {}};
    drive.device = fs::read_symlink(entry.path() / "device", error).filename();
    if (::access(drive.node.c_str(), F_OK) == 0) return drive;
  }
  return std::nullopt;
}

Result<void> Tell(const char* what, const std::string& device) {
  auto file = OpenFile(fs::path(kDriver) / what, O_WRONLY);
  if (!file) return std::unexpected(std::move(file).error());
  return WriteAll(file->get(), device);
}

}  // namespace

Result<BlockDrive> AwaitDrive(std::string_view serial) {
  for (int waited = 0; waited <= kPatienceMs; waited += kAskAgainMs) {
    if (auto found = Find(serial)) return std::move(*found);
    ::usleep(kAskAgainMs * 1000);
  }
  return Fail(Errc::kNotFound, "the drive '" + std::string(serial) + "' does not appear");
}

Result<BlockDrive> FindAnew(std::string_view serial) {
  auto old = AwaitDrive(serial);
  if (!old) return old;
  if (auto left = Tell("unbind", old->device); !left) return std::unexpected(left.error());
  if (auto taken = Tell("bind", old->device); !taken) return std::unexpected(taken.error());
  return AwaitDrive(serial);
}

}  // namespace strata::sandbox::microvm::agent
