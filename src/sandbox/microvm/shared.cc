#include "sandbox/microvm/shared.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "base/files/files.h"

namespace strata::sandbox::microvm {
namespace {

namespace fs = std::filesystem;

// In kHz, of the first processor; a plausible one when the host does not say.
std::string TscKhz() {
  constexpr double kPlausibleMhz = 2000;
  double mhz = kPlausibleMhz;
  const auto text = ReadFile("/proc/cpuinfo", Bytes::MiB(4));
  const std::size_t at = text ? text->find("cpu MHz") : std::string::npos;
  if (at != std::string::npos) {
    const char* begin = text->data() + text->find_first_of("0123456789", at);
    std::from_chars(begin, text->data() + text->size(), mhz);
  }
  return std::to_string(static_cast<long>(mhz * 1000));
}

Result<void> CheckPrograms(const Config& config) {
  for (const fs::path& program : {config.qemu, config.mkfs, config.agent}) {
    if (::access(program.c_str(), X_OK) == 0) continue;
    return Fail(Errc::kUnsupported, "microvm: " + program.string() +
                                        " is missing (Debian: qemu-system-x86, erofs-utils)");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Shared>> MakeShared(Loop& loop, const Clock& clock, const Config& config) {
  if (!config.state_root.is_absolute()) {
    return Fail(Errc::kInvalidArgument, "microvm: no state root is configured");
  }
  if (auto there = CheckPrograms(config); !there) return std::unexpected(there.error());
  auto kernel = LoadGuestKernel(config);
  if (!kernel) return Wrap(std::move(kernel).error(), "microvm");
  auto groups = host::Cgroups::Find(config.cgroup_parent);
  if (!groups) return Wrap(std::move(groups).error(), "microvm");
  const auto can = groups->CanEnforce(
      {.memory = config.machine_memory, .cpu_millis = config.cpu_millis, .pids = config.pids});
  if (!can) return Wrap(can.error(), "microvm");
  auto worker = Worker::Start();
  if (!worker) return Wrap(std::move(worker).error(), "microvm");
  return std::shared_ptr<Shared>(new Shared{.loop = loop,
                                            .clock = clock,
                                            .config = config,
                                            .groups = std::move(*groups),
                                            .kernel = std::move(*kernel),
                                            .tsc_khz = TscKhz(),
                                            .metrics = {},
                                            .worker = std::move(*worker)});
}

}  // namespace strata::sandbox::microvm
