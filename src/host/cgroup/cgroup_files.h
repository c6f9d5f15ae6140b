// host/cgroup/cgroup_files.h - what both cgroup versions do with their control files. Private to
// host/cgroup*.cc and memory.cc.
//
//   Cgroups::Find (cgroup.h) --> OpenCgroupV1 or OpenCgroupV2 --> [ these ] --> /sys/fs/cgroup
//
// Control files take a value in one write(2) and answer at once, so these do not hold a caller up;
// only what waits for the kernel takes a `patience`.
//
// Threads:  any; what waits blocks its thread. Lifetime: a group with `ours` removes its directory.
// Errors:   FailErrno's codes with the file's path; kInternal where a file says what no kernel
//           writes.
// Tested by cgroup_test.cc, and against real ones by tests/integration/cgroup2.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/cgroup/cgroup.h"

namespace strata::host {

// What an implementation is made with. The directories exist. Its path is /<parent>/<name>; without
// a parent, /<name>, which may have more than one part: what is above it is somebody else's.
struct CgroupPlace {
  std::filesystem::path root;
  std::string parent;
  std::string name;
  std::vector<std::string> controllers;
  bool ours = true;  // to remove
};
std::unique_ptr<Cgroup> OpenCgroupV1(CgroupPlace place);
std::unique_ptr<Cgroup> OpenCgroupV2(CgroupPlace place);

// The CPU quota is counted over this long.
inline constexpr std::uint64_t kCpuPeriodUs = 100'000;
constexpr std::uint64_t CpuQuotaUs(std::uint32_t millis) { return millis * kCpuPeriodUs / 1000; }

// For a pids.max.
std::string PidsText(std::uint32_t limit);

// The value in one write, as the kernel wants it.
Result<void> WriteControl(const std::filesystem::path& file, std::string_view value);

// The whole file without its last newline.
Result<std::string> ReadControl(const std::filesystem::path& file);

// A file that is one number.
Result<std::uint64_t> ReadNumber(const std::filesystem::path& file);

// The number after `key` in a file of lines "key number". kNotFound: no such line.
Result<std::uint64_t> ReadKey(const std::filesystem::path& file, std::string_view key);

// What a memory.stat calls the parts of a CgroupMemory.
struct MemoryNames {
  std::string_view inactive_file;
  std::string_view anonymous;
  std::string_view faults;
  std::string_view major_faults;
};

// `limit`: a file that is one number, or "max" for none; `stat`: a memory.stat.
Result<CgroupMemory> ReadMemory(const std::filesystem::path& limit,
                                const std::filesystem::path& stat, const MemoryNames& names);

// The pids in a cgroup.procs.
Result<std::vector<pid_t>> ReadPids(const std::filesystem::path& file);

// kUnsupported, naming the controller, when it is not among `there`.
Result<void> NeedController(const std::vector<std::string>& there, std::string_view controller,
                            std::string_view what);

// What Cgroups::CanEnforce says.
Result<void> CheckLimits(CgroupVersion version, const std::vector<std::string>& there,
                         const CgroupLimits& limits);

// Asks `done` every 2 ms until it says true, fails, or `patience` is over: kDeadlineExceeded.
Result<void> WaitUntil(std::chrono::milliseconds patience, const std::string& what,
                       const std::function<Result<bool>()>& done);

// Kills what `group` holds until it is empty.
Result<void> KillUntilEmpty(Cgroup& group, std::chrono::milliseconds patience);

// Removes the directory, waiting for the kernel to let go of members that have just ended.
// Succeeds when there is none.
Result<void> RemoveGroup(const std::filesystem::path& directory,
                         std::chrono::milliseconds patience);

}  // namespace strata::host
