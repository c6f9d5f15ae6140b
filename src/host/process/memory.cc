#include "host/process/memory.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/files/files.h"
#include "host/cgroup/cgroup_files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

// Of meminfo, in bytes: lines "MemAvailable:   1024 kB".
std::optional<std::uint64_t> Available(const fs::path& meminfo) {
  constexpr std::string_view kKey = "MemAvailable:";
  const auto text = ReadFile(meminfo, Bytes::KiB(64));
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    std::uint64_t kib = 0;
    if (std::istringstream(line.substr(kKey.size())) >> kib) return kib << 10;
  }
  return std::nullopt;
}

// What a group has left; caches that the kernel would drop for us count as left.
std::uint64_t LeftIn(const fs::path& group, std::string_view limit, std::string_view usage,
                     std::string_view cache) {
  const auto most = ReadNumber(group / limit);  // "max" is none
  const auto used = ReadNumber(group / usage);
  if (!most || !used) return UINT64_MAX;
  const std::uint64_t held =
      *used - std::min(*used, ReadKey(group / "memory.stat", cache).value_or(0));
  return *most - std::min(*most, held);
}

// Of the group that we are in, and of those above it.
std::uint64_t LeftInGroups(const fs::path& root) {
  const auto text = ReadFile(root / "proc/self/cgroup", Bytes::KiB(64));
  if (!text) return UINT64_MAX;
  std::uint64_t left = UINT64_MAX;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    // number:controllers:/path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool v2 = controllers == ",,";
    if (!v2 && controllers.find(",memory,") == std::string::npos) continue;
    const fs::path top = root / (v2 ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
    // A container may see the path from outside it: then the top is its own group.
    for (fs::path below = fs::path(line.substr(second + 1)).relative_path();;
         below = below.parent_path()) {
      left =
          std::min(left, v2 ? LeftIn(top / below, "memory.max", "memory.current", "inactive_file")
                            : LeftIn(top / below, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                     "total_inactive_file"));
      if (below.empty()) break;
    }
  }
  return left;
}

}  // namespace

Bytes FreeMemory(const fs::path& root) {
  const std::uint64_t on_host = Available(root / "proc/meminfo").value_or(UINT64_MAX);
  return Bytes{std::min(on_host, LeftInGroups(root))};
}

}  // namespace strata::host
