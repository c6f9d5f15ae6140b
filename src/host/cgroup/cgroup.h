// host/cgroup/cgroup.h - a group of processes with limits, on cgroup v1 and on v2 alike.
//
//   container driver, keeper --> Cgroups::Find --Make--> Cgroup --> /sys/fs/cgroup/...
//
// A group is named <parent>/<name>. On v1 it is one directory in each controller's hierarchy, on v2
// one directory; a hybrid host (v1 controllers, a v2 tree without any beside them) counts as v1. A
// container runtime may be told path(): it joins the group and finds the limits in force.
//
// Threads:  one at a time. Blocks on files of the kernel, for microseconds; Remove and Freeze wait.
// Lifetime: a Cgroup is the owner: its destructor is Remove without the report, unless Keep was
//           called.
// Errors:   a limit, a reading or a freeze that needs a controller which this host lacks is
//           kUnsupported, the message names it, and nothing has been changed. Else FailErrno's.
// Tested by host/cgroup/cgroup_test.cc on files, host/cgroup/cgroup_kernel_test.cc on this host's
// kernel.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::host {

enum class CgroupVersion : std::uint8_t { kV1, kV2 };

// A file of version 2 and its content: "memory.oom.group", "1".
struct CgroupFile {
  std::string name;
  std::string value;
  friend bool operator==(const CgroupFile&, const CgroupFile&) = default;
};

// Bounds of all processes of a group together. Zero: as they are, which is none in a new group.
struct CgroupLimits {
  // These take a bound away.
  static constexpr Bytes kAnyMemory{std::numeric_limits<std::uint64_t>::max()};
  static constexpr std::uint32_t kAny = std::numeric_limits<std::uint32_t>::max();

  Bytes memory;                  // page cache and kernel memory included; swap is not extra
  std::uint32_t cpu_millis = 0;  // 1000: one CPU's worth of time in every 100 ms
  std::uint32_t pids = 0;        // processes and threads
  // Against other groups while CPUs are busy: 2 to 262,144, as version 1 counts it; 1,024 is usual.
  std::uint32_t cpu_shares = 0;
  std::vector<CgroupFile> unified = {};  // written last; version 1 has none of them
  friend bool operator==(const CgroupLimits&, const CgroupLimits&) = default;
};

// What a group used since it was made, processes that have ended included.
struct CgroupUsage {
  std::chrono::nanoseconds cpu{0};
  Bytes memory;
  Bytes memory_peak;            // zero where a v2 kernel older than 5.19 does not tell
  std::uint64_t oom_kills = 0;  // processes that the kernel killed at the memory limit
  std::uint64_t pids = 0;       // now
};

// What a group's memory is made of, groups below it included.
struct CgroupMemory {
  Bytes limit;          // where there is none: more than any host has
  Bytes inactive_file;  // page cache that nobody used lately: the first to go when memory is short
  Bytes anonymous;
  std::uint64_t faults = 0;        // since it was made
  std::uint64_t major_faults = 0;  // those of them that waited for a disk
};

class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  virtual ~Cgroup() = default;

  // "/<parent>/<name>": below every hierarchy's root, as a runtime's `cgroupsPath` wants it.
  [[nodiscard]] virtual std::string path() const = 0;

  // Sets the limits that are not zero. kInvalidArgument: less memory than a page, or what the
  // kernel does not take.
  virtual Result<void> Limit(const CgroupLimits& limits) = 0;

  // What SpawnOptions::cgroups takes, for a process that is to be born here.
  [[nodiscard]] virtual std::vector<std::string> directories() const = 0;

  // Moves a process here, with all its threads; its later children are born here.
  virtual Result<void> Add(pid_t pid) = 0;

  [[nodiscard]] virtual Result<CgroupUsage> Usage() const = 0;

  // For reports: costs more than Usage.
  [[nodiscard]] virtual Result<CgroupMemory> MemoryDetails() const = 0;

  // Of the group itself, not of groups that somebody made below it.
  [[nodiscard]] virtual Result<std::vector<pid_t>> Members() const = 0;

  // Stops all members where they are; returns when they have stopped. kDeadlineExceeded: one did
  // not within a second, on v1 three (a process that waits for a disk cannot be stopped); all go
  // on.
  virtual Result<void> Freeze() = 0;
  virtual Result<void> Thaw() = 0;

  // Sends SIGKILL to every member, also to those that fork meanwhile; frozen members die too. Does
  // not wait for their end.
  virtual Result<void> Kill() = 0;

  // From now on the destructor leaves the group and its members: somebody sweeps what is below its
  // parent. Until then the parent stays wherever there are groups, also in v1's hierarchies that
  // only runtimes use: one that makes its group there just when the last other one is removed would
  // find its parent gone.
  virtual Result<void> Keep() = 0;

  // Kills all members and removes the group once they have ended (reaping them is their parent's
  // business). Waits up to `patience`, else kDeadlineExceeded and the group is still there. Again
  // after success: does nothing.
  virtual Result<void> Remove(std::chrono::milliseconds patience) = 0;
};

// The file of a group (one of Cgroup::directories) to which a process that has one thread writes
// "0" to join it. On version 1 the kernel moves a whole process under a lock of all forks and
// exits, which is 10 to 25 ms of waiting, and a thread that moves itself without.
std::string JoinFileOf(const std::string& directory);

class Cgroups {
 public:
  // Looks at the hierarchies below `root`. `parent` ([a-z0-9-]{1,64}, ours alone) is made with the
  // first group and removed with the last. kUnsupported: no cgroups here that we could use;
  // kInvalidArgument: a bad name.
  static Result<Cgroups> Find(std::string_view parent,
                              const std::filesystem::path& root = "/sys/fs/cgroup");

  // kUnsupported when a limit needs a controller that is not there. Changes nothing.
  [[nodiscard]] Result<void> CanEnforce(const CgroupLimits& limits) const;

  // Makes the group `name` ([a-z0-9-]{1,64}) without limits. kFailedPrecondition: it is there;
  // kPermissionDenied: not root. On failure nothing is left.
  [[nodiscard]] Result<std::unique_ptr<Cgroup>> Make(std::string_view name) const;

  // The same wherever somebody else says: `path`, "/kubepods/pod1/c1" as a config.json's
  // `cgroupsPath`, below every hierarchy's root. What lies above it is made if need be and stays.
  // kInvalidArgument: not such a path; kUnsupported: systemd's ("slice:prefix:name").
  [[nodiscard]] Result<std::unique_ptr<Cgroup>> MakeAt(const std::string& path) const;

  // The group that MakeAt made there, also in an earlier process. kNotFound: there is none.
  [[nodiscard]] Result<std::unique_ptr<Cgroup>> OpenAt(const std::string& path) const;

  // The group that `pid` is in, wherever it lies: somebody else's, which this object only looks at,
  // limits, freezes and kills, and never removes. kNotFound: no such process; kUnsupported: it is
  // in our own group, or in the root.
  [[nodiscard]] Result<std::unique_ptr<Cgroup>> Of(pid_t pid) const;

  // CPU time of all groups below the parent together, also of those that were removed, for as long
  // as there is one. kNotFound: there is none; kUnsupported: nobody counts here.
  [[nodiscard]] Result<std::chrono::nanoseconds> CpuTime() const;

  // Tries out on a group that it removes again what a container needs: limits of every kind, a
  // reading, freeze and thaw. Fails as the first of these that fails, kPermissionDenied included.
  [[nodiscard]] Result<void> Probe() const;

  // Kills everything in every group below the parent, and removes them and the parent: for what an
  // owner that died left behind. Without any: does nothing. kDeadlineExceeded: after `patience`
  // some is still there.
  [[nodiscard]] Result<void> Sweep(std::chrono::milliseconds patience) const;

  // The same of the groups at `path`, as MakeAt has it, below every hierarchy's root: also in those
  // that only a runtime uses.
  [[nodiscard]] Result<void> SweepAt(const std::string& path,
                                     std::chrono::milliseconds patience) const;

  [[nodiscard]] CgroupVersion version() const noexcept { return version_; }
  [[nodiscard]] const std::vector<std::string>& controllers() const noexcept {
    return controllers_;
  }

 private:
  Cgroups() = default;
  [[nodiscard]] Result<void> SweepName(const std::string& name,
                                       std::chrono::milliseconds patience) const;

  std::filesystem::path root_;
  std::string parent_;
  CgroupVersion version_ = CgroupVersion::kV2;
  std::vector<std::string> controllers_;  // sorted
};

}  // namespace strata::host
