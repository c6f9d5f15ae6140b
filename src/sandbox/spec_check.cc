#include "sandbox/spec_check.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

namespace strata::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIdLength = 64;

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

Result<void> CheckId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) {
    return Fail(Errc::kInvalidArgument, "sandbox id must have 1 to 64 characters");
  }
  if (!std::ranges::all_of(id, IsIdCharacter)) {
    return Fail(Errc::kInvalidArgument, "sandbox id '" + std::string(id) + "' is not [a-z0-9-]");
  }
  return {};
}

Result<void> CheckProgramLimits(const model::Limits& limits, const model::MemoryBounds& memory,
                                std::string_view what) {
  if (limits.memory < memory.least || limits.memory > memory.most) {
    return Fail(Errc::kUnsupported, "spec.limits.memory_mib: " + std::string(what) + " can have " +
                                        std::to_string(memory.least.count >> 20) + " to " +
                                        std::to_string(memory.most.count >> 20) + " here");
  }
  if (limits.table_elements != model::kMostTableElements) {
    return Fail(Errc::kUnsupported,
                "limits.table_elements: " + std::string(what) + " has no tables");
  }
  return {};
}

Result<void> CheckDirectory(const model::DirGrant& dir) {
  using Mode = model::DirGrant::Mode;
  const fs::path guest(dir.guest);
  if (!guest.is_absolute() || guest.lexically_normal() != guest || guest == "/") {
    return Fail(Errc::kInvalidArgument, "directory grant '" + dir.guest + "' is no place");
  }
  const fs::path top = *std::next(guest.begin());
  if (top == "proc" || top == "sys" || top == "dev") {
    return Fail(Errc::kUnsupported, "directory grant '" + dir.guest + "' hides the class's own");
  }
  if (dir.mode == Mode::kScratch) return {};
  if (!fs::path(dir.host).is_absolute()) {
    return Fail(Errc::kInvalidArgument, "directory grant '" + dir.host + "' is not absolute");
  }
  std::error_code error;
  const bool volume = dir.mode == Mode::kVolume || dir.mode == Mode::kVolumeReadOnly;
  if (volume ? fs::is_regular_file(dir.host, error) : fs::is_directory(dir.host, error)) return {};
  return Fail(Errc::kNotFound,
              "directory grant '" + dir.host + "' is no " + (volume ? "volume" : "directory"));
}

Result<void> CheckWaiting(const model::Grants& grants) {
  using Mode = model::DirGrant::Mode;
  for (const model::DirGrant& dir : grants.dirs) {
    if (dir.mode != Mode::kVolume && dir.mode != Mode::kVolumeReadOnly) continue;
    return Fail(Errc::kUnsupported, "no sandbox waits for its call with the volume at " +
                                        dir.guest + ": it would keep it in use");
  }
  return {};
}

}  // namespace strata::sandbox
