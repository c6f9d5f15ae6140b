// One directory in the one hierarchy.
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "host/cgroup/cgroup_files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kFreezePatience{1000};
constexpr milliseconds kRemoveAtEnd{1000};
constexpr const char* kNoBound = "max";

// As runc has it: both ranges, from end to end.
std::uint64_t WeightOf(std::uint32_t shares) {
  constexpr std::uint64_t kLeast = 2;
  constexpr std::uint64_t kMost = 262'144;
  constexpr std::uint64_t kMostWeight = 10'000;
  const std::uint64_t bounded = std::clamp<std::uint64_t>(shares, kLeast, kMost);
  return 1 + ((bounded - kLeast) * (kMostWeight - 1)) / (kMost - kLeast);
}

class CgroupV2 final : public Cgroup {
 public:
  explicit CgroupV2(CgroupPlace place)
      : place_(std::move(place)), directory_(place_.root / place_.parent / place_.name) {}
  ~CgroupV2() override { static_cast<void>(Remove(kRemoveAtEnd)); }

  [[nodiscard]] std::string path() const override {
    return "/" + (fs::path(place_.parent) / place_.name).string();
  }

  Result<void> Limit(const CgroupLimits& limits) override {
    auto set = CheckLimits(CgroupVersion::kV2, place_.controllers, limits);
    if (set && limits.memory.count > 0) set = LimitMemory(limits.memory);
    if (set && limits.cpu_millis > 0) set = LimitCpu(limits.cpu_millis);
    if (set && limits.cpu_shares > 0) {
      set = Write("cpu", "cpu.weight", std::to_string(WeightOf(limits.cpu_shares)));
    }
    if (set && limits.pids > 0) set = Write("pids", "pids.max", PidsText(limits.pids));
    for (const CgroupFile& file : limits.unified) {
      if (set) set = WriteControl(directory_ / file.name, file.value);
    }
    return set;
  }

  [[nodiscard]] std::vector<std::string> directories() const override {
    return {directory_.string()};
  }

  Result<void> Add(pid_t pid) override {
    return WriteControl(directory_ / "cgroup.procs", std::to_string(pid));
  }

  // cpu.stat is there without the controller, but then it does not count what left the group.
  [[nodiscard]] Result<CgroupUsage> Usage() const override {
    for (const char* controller : {"cpu", "memory", "pids"}) {
      if (auto there = Need(controller, "usage"); !there) {
        return std::unexpected(std::move(there).error());
      }
    }
    const auto cpu = ReadKey(directory_ / "cpu.stat", "usage_usec");
    const auto memory = ReadNumber(directory_ / "memory.current");
    const auto kills = ReadKey(directory_ / "memory.events", "oom_kill");
    const auto pids = ReadNumber(directory_ / "pids.current");
    for (const auto* reading : {&cpu, &memory, &kills, &pids}) {
      if (!*reading) return std::unexpected(reading->error());
    }
    const auto peak = ReadNumber(directory_ / "memory.peak");
    if (!peak && peak.error().code != Errc::kNotFound) return std::unexpected(peak.error());
    return CgroupUsage{.cpu = std::chrono::microseconds(*cpu),
                       .memory = Bytes{*memory},
                       .memory_peak = Bytes{peak ? *peak : 0},
                       .oom_kills = *kills,
                       .pids = *pids};
  }

  [[nodiscard]] Result<CgroupMemory> MemoryDetails() const override {
    if (auto there = Need("memory", "memory details"); !there) {
      return std::unexpected(std::move(there).error());
    }
    return ReadMemory(directory_ / "memory.max", directory_ / "memory.stat",
                      {.inactive_file = "inactive_file",
                       .anonymous = "anon",
                       .faults = "pgfault",
                       .major_faults = "pgmajfault"});
  }

  [[nodiscard]] Result<std::vector<pid_t>> Members() const override {
    return ReadPids(directory_ / "cgroup.procs");
  }

  Result<void> Freeze() override {
    if (auto asked = WriteControl(directory_ / "cgroup.freeze", "1"); !asked) return asked;
    auto done = WaitUntil(kFreezePatience, "freeze " + path(), [&]() -> Result<bool> {
      auto frozen = ReadKey(directory_ / "cgroup.events", "frozen");
      if (!frozen) return std::unexpected(std::move(frozen).error());
      return *frozen == 1;
    });
    if (!done) static_cast<void>(Thaw());
    return done;
  }

  Result<void> Thaw() override { return WriteControl(directory_ / "cgroup.freeze", "0"); }

  // cgroup.kill came with Linux 5.14; before that, as on v1.
  Result<void> Kill() override {
    if (fs::exists(directory_ / "cgroup.kill")) {
      return WriteControl(directory_ / "cgroup.kill", "1");
    }
    static_cast<void>(WriteControl(directory_ / "cgroup.freeze", "1"));
    auto members = Members();
    if (members) {
      for (const pid_t pid : *members) ::kill(pid, SIGKILL);
    }
    if (auto thawed = Thaw(); !thawed) return thawed;
    if (!members) return std::unexpected(std::move(members).error());
    return {};
  }

  Result<void> Keep() override {
    gone_ = true;
    return {};
  }

  Result<void> Remove(milliseconds patience) override {
    if (gone_) return {};
    if (auto emptied = KillUntilEmpty(*this, patience); !emptied) return emptied;
    if (auto gone = RemoveGroup(directory_, patience); !gone) return gone;
    std::error_code error;
    // Fails while other groups are in it.
    if (!place_.parent.empty()) fs::remove(directory_.parent_path(), error);
    gone_ = true;
    return {};
  }

 private:
  [[nodiscard]] Result<void> Need(std::string_view controller, std::string_view what) const {
    return NeedController(place_.controllers, controller, what);
  }
  Result<void> Write(std::string_view controller, std::string_view file, std::string_view value) {
    if (auto there = Need(controller, file); !there) return there;
    return WriteControl(directory_ / file, value);
  }

  Result<void> LimitCpu(std::uint32_t millis) {
    const std::string quota =
        millis == CgroupLimits::kAny ? kNoBound : std::to_string(CpuQuotaUs(millis));
    return Write("cpu", "cpu.max", quota + " " + std::to_string(kCpuPeriodUs));
  }

  // On a host without swap there is no file for it, and nothing to bound.
  Result<void> LimitMemory(Bytes limit) {
    const bool lifted = limit == CgroupLimits::kAnyMemory;
    auto set = Write("memory", "memory.max", lifted ? kNoBound : std::to_string(limit.count));
    if (!set || !fs::exists(directory_ / "memory.swap.max")) return set;
    return WriteControl(directory_ / "memory.swap.max", lifted ? kNoBound : "0");
  }

  const CgroupPlace place_;
  const fs::path directory_;
  bool gone_ = !place_.ours;  // removed, or not ours any more
};

}  // namespace

std::unique_ptr<Cgroup> OpenCgroupV2(CgroupPlace place) {
  return std::make_unique<CgroupV2>(std::move(place));
}

}  // namespace strata::host
