#include "manager/options.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/files/files.h"

namespace strata::manager {

std::uint32_t Processors() noexcept { return std::max(1U, std::thread::hardware_concurrency()); }

std::uint32_t CellsOf(const Options& options) noexcept {
  return options.cells == 0 ? Processors() : options.cells;
}

std::uint64_t MapsAllowed() {
  constexpr std::uint64_t kKernelDefault = 65'530;
  std::uint64_t allowed = kKernelDefault;
  if (auto text = ReadFile("/proc/sys/vm/max_map_count", Bytes::KiB(1))) {
    std::from_chars(text->data(), text->data() + text->size(), allowed);
  }
  return allowed;
}

Result<void> Check(const Options& options, std::uint64_t maps_allowed) {
  if (options.max_memory > options.memory_reservation) {
    return Fail(Errc::kInvalidArgument,
                "--max-memory-mib=" + std::to_string(options.max_memory.count >> 20) +
                    " does not fit --memory-reservation-mib=" +
                    std::to_string(options.memory_reservation.count >> 20) +
                    "; give --max-memory-mib=" +
                    std::to_string(options.memory_reservation.count >> 20) + " or less");
  }
  const std::uint64_t needed = kMapsOfCell + std::uint64_t{options.max_sandboxes} * kMapsPerSandbox;
  if (needed > maps_allowed) {
    const std::uint64_t most =
        maps_allowed > kMapsOfCell ? (maps_allowed - kMapsOfCell) / kMapsPerSandbox : 0;
    return Fail(Errc::kInvalidArgument,
                "--max-sandboxes=" + std::to_string(options.max_sandboxes) + " needs " +
                    std::to_string(needed) + " memory mappings in a cell and vm.max_map_count is " +
                    std::to_string(maps_allowed) + "; give --max-sandboxes=" +
                    std::to_string(most) + " and more --cells, or raise it with sysctl");
  }
  return {};
}

}  // namespace strata::manager
