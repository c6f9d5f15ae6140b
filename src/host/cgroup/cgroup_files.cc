#include "host/cgroup/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <sstream>
#include <thread>

#include "base/files/files.h"

namespace strata::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Bytes kMaxControlFile = 1_MiB;
constexpr Bytes kSmallestMemoryLimit = 4_KiB;
constexpr std::chrono::milliseconds kAskAgain{2};
constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

Result<std::uint64_t> ParseNumber(std::string_view text, const std::filesystem::path& file) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(Errc::kInternal, "no number in " + file.string());
  }
  return number;
}

// The number after `key` in the `text` of `file`.
Result<std::uint64_t> FindKey(const std::string& text, std::string_view key,
                              const std::filesystem::path& file) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view view = line;
    if (view.starts_with(key) && view.substr(key.size()).starts_with(' ')) {
      return ParseNumber(view.substr(key.size() + 1), file);
    }
  }
  return Fail(Errc::kNotFound, "no '" + std::string(key) + "' in " + file.string());
}

}  // namespace

std::string PidsText(std::uint32_t limit) {
  return limit == CgroupLimits::kAny ? "max" : std::to_string(limit);
}

Result<void> WriteControl(const std::filesystem::path& file, std::string_view value) {
  auto fd = OpenFile(file, O_WRONLY | O_TRUNC);  // as a shell's '>'
  if (!fd) return std::unexpected(std::move(fd).error());
  if (::write(fd->get(), value.data(), value.size()) < 0) {
    return FailErrno("write '" + std::string(value) + "' to " + file.string(), errno);
  }
  return {};
}

Result<std::string> ReadControl(const std::filesystem::path& file) {
  auto text = ReadFile(file, kMaxControlFile);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

Result<std::uint64_t> ReadNumber(const std::filesystem::path& file) {
  auto text = ReadControl(file);
  if (!text) return std::unexpected(std::move(text).error());
  return ParseNumber(*text, file);
}

Result<std::uint64_t> ReadKey(const std::filesystem::path& file, std::string_view key) {
  auto text = ReadControl(file);
  if (!text) return std::unexpected(std::move(text).error());
  return FindKey(*text, key, file);
}

Result<CgroupMemory> ReadMemory(const std::filesystem::path& limit,
                                const std::filesystem::path& stat, const MemoryNames& names) {
  const auto most = ReadControl(limit);
  if (!most) return std::unexpected(most.error());
  const auto bound = *most == "max" ? Result<std::uint64_t>(kNoBound) : ParseNumber(*most, limit);
  const auto text = ReadControl(stat);
  if (!text) return std::unexpected(text.error());
  const auto inactive_file = FindKey(*text, names.inactive_file, stat);
  const auto anonymous = FindKey(*text, names.anonymous, stat);
  const auto faults = FindKey(*text, names.faults, stat);
  const auto major_faults = FindKey(*text, names.major_faults, stat);
  for (const auto* reading : {&bound, &inactive_file, &anonymous, &faults, &major_faults}) {
    if (!*reading) return std::unexpected(reading->error());
  }
  return CgroupMemory{.limit = Bytes{*bound},
                      .inactive_file = Bytes{*inactive_file},
                      .anonymous = Bytes{*anonymous},
                      .faults = *faults,
                      .major_faults = *major_faults};
}

Result<std::vector<pid_t>> ReadPids(const std::filesystem::path& file) {
  auto text = ReadControl(file);
  if (!text) return std::unexpected(std::move(text).error());
  std::vector<pid_t> pids;
  std::istringstream numbers(*text);
  for (pid_t pid = 0; numbers >> pid;) pids.push_back(pid);
  return pids;
}

Result<void> NeedController(const std::vector<std::string>& there, std::string_view controller,
                            std::string_view what) {
  if (std::ranges::find(there, controller) != there.end()) return {};
  return Fail(Errc::kUnsupported, std::string(what) + ": this host has no cgroup controller '" +
                                      std::string(controller) + "' for us");
}

Result<void> CheckLimits(CgroupVersion version, const std::vector<std::string>& there,
                         const CgroupLimits& limits) {
  if (limits.memory.count > 0 && limits.memory < kSmallestMemoryLimit) {
    return Fail(Errc::kInvalidArgument, "memory limit below one page");
  }
  const struct {
    bool wanted;
    const char* controller;
    const char* what;
  } needs[] = {{limits.memory.count > 0, "memory", "memory limit"},
               {limits.cpu_millis > 0, "cpu", "CPU limit"},
               {limits.cpu_shares > 0, "cpu", "CPU shares"},
               {limits.pids > 0, "pids", "process limit"}};
  for (const auto& need : needs) {
    if (!need.wanted) continue;
    if (auto has = NeedController(there, need.controller, need.what); !has) return has;
  }
  for (const CgroupFile& file : limits.unified) {
    if (version == CgroupVersion::kV1) {
      return Fail(Errc::kUnsupported,
                  file.name + " is of cgroups of version 2, and this host's are of version 1");
    }
    const std::string controller = file.name.substr(0, file.name.find('.'));
    if (auto has = NeedController(there, controller, file.name); !has) return has;
  }
  return {};
}

Result<void> WaitUntil(std::chrono::milliseconds patience, const std::string& what,
                       const std::function<Result<bool>()>& done) {
  const auto end = SteadyClock::now() + patience;
  while (true) {
    auto now = done();
    if (!now) return std::unexpected(std::move(now).error());
    if (*now) return {};
    if (SteadyClock::now() >= end) return Fail(Errc::kDeadlineExceeded, what + ": still waiting");
    std::this_thread::sleep_for(kAskAgain);
  }
}

Result<void> KillUntilEmpty(Cgroup& group, std::chrono::milliseconds patience) {
  return WaitUntil(patience, "empty " + group.path(), [&]() -> Result<bool> {
    auto members = group.Members();
    if (!members) return std::unexpected(std::move(members).error());
    if (members->empty()) return true;
    if (auto killed = group.Kill(); !killed) return std::unexpected(std::move(killed).error());
    return false;
  });
}

Result<void> RemoveGroup(const std::filesystem::path& directory,
                         std::chrono::milliseconds patience) {
  return WaitUntil(patience, "remove " + directory.string(), [&]() -> Result<bool> {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
    if (errno == EBUSY) return false;
    return FailErrno("remove " + directory.string(), errno);
  });
}

}  // namespace strata::host
