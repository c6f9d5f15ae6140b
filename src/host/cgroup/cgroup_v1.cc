// One directory in each controller's hierarchy. They are kept in step: a process is in all or none.
#include <signal.h>

#include <utility>

#include "host/cgroup/cgroup_files.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kFreezePatience{3000};
constexpr int kLooksBeforeThaw = 10;
constexpr milliseconds kRemoveAtEnd{1000};
constexpr const char* kNoBound = "-1";

class CgroupV1 final : public Cgroup {
 public:
  explicit CgroupV1(CgroupPlace place) : place_(std::move(place)) {}
  ~CgroupV1() override { static_cast<void>(Remove(kRemoveAtEnd)); }

  [[nodiscard]] std::string path() const override {
    return "/" + (fs::path(place_.parent) / place_.name).string();
  }

  Result<void> Limit(const CgroupLimits& limits) override {
    auto set = CheckLimits(CgroupVersion::kV1, place_.controllers, limits);
    if (set && limits.memory.count > 0) set = LimitMemory(limits.memory);
    if (set && limits.cpu_millis > 0) set = LimitCpu(limits.cpu_millis);
    if (set && limits.cpu_shares > 0) {
      set = Write("cpu", "cpu.shares", std::to_string(limits.cpu_shares));
    }
    if (set && limits.pids > 0) set = Write("pids", "pids.max", PidsText(limits.pids));
    return set;
  }

  [[nodiscard]] std::vector<std::string> directories() const override {
    std::vector<std::string> all;
    for (const std::string& controller : place_.controllers) {
      all.push_back(File(controller, "").parent_path().string());
    }
    return all;
  }

  Result<void> Add(pid_t pid) override {
    for (const std::string& controller : place_.controllers) {
      auto moved = Write(controller, "cgroup.procs", std::to_string(pid));
      if (!moved) return moved;
    }
    return {};
  }

  [[nodiscard]] Result<CgroupUsage> Usage() const override {
    for (const char* controller : {"cpuacct", "memory", "pids"}) {
      if (auto there = Need(controller, "usage"); !there) {
        return std::unexpected(std::move(there).error());
      }
    }
    const auto cpu = ReadNumber(File("cpuacct", "cpuacct.usage"));
    const auto memory = ReadNumber(File("memory", "memory.usage_in_bytes"));
    const auto peak = ReadNumber(File("memory", "memory.max_usage_in_bytes"));
    const auto kills = ReadKey(File("memory", "memory.oom_control"), "oom_kill");
    const auto pids = ReadNumber(File("pids", "pids.current"));
    for (const auto* reading : {&cpu, &memory, &peak, &kills, &pids}) {
      if (!*reading) return std::unexpected(reading->error());
    }
    return CgroupUsage{.cpu = std::chrono::nanoseconds(*cpu),
                       .memory = Bytes{*memory},
                       .memory_peak = Bytes{*peak},
                       .oom_kills = *kills,
                       .pids = *pids};
  }

  [[nodiscard]] Result<CgroupMemory> MemoryDetails() const override {
    if (auto there = Need("memory", "memory details"); !there) {
      return std::unexpected(std::move(there).error());
    }
    return ReadMemory(File("memory", "memory.limit_in_bytes"), File("memory", "memory.stat"),
                      {.inactive_file = "total_inactive_file",
                       .anonymous = "total_rss",
                       .faults = "total_pgfault",
                       .major_faults = "total_pgmajfault"});
  }

  [[nodiscard]] Result<std::vector<pid_t>> Members() const override {
    return ReadPids(File(place_.controllers.front(), "cgroup.procs"));
  }

  // A process that waits for another one that is frozen already (a tracer for what it traces) keeps
  // the group half frozen for ever: then all go on for a moment, and it is tried again.
  Result<void> Freeze() override {
    if (auto asked = Write("freezer", "freezer.state", "FROZEN"); !asked) return asked;
    int looks = 0;
    auto frozen = WaitUntil(kFreezePatience, "freeze " + path(), [&]() -> Result<bool> {
      auto state = ReadControl(File("freezer", "freezer.state"));
      if (!state) return std::unexpected(std::move(state).error());
      if (*state == "FROZEN") return true;
      if (++looks % kLooksBeforeThaw != 0) return false;
      if (auto thawed = Thaw(); !thawed) return std::unexpected(std::move(thawed).error());
      auto again = Write("freezer", "freezer.state", "FROZEN");
      if (!again) return std::unexpected(std::move(again).error());
      return false;
    });
    if (!frozen) static_cast<void>(Thaw());
    return frozen;
  }

  Result<void> Thaw() override { return Write("freezer", "freezer.state", "THAWED"); }

  // Signals the frozen group, so that no member can fork away from it; SIGKILL acts once thawed.
  // Without a freezer the caller's next round gets those that forked.
  Result<void> Kill() override {
    const bool stops = Need("freezer", "kill").has_value();
    if (stops) static_cast<void>(Write("freezer", "freezer.state", "FROZEN"));
    auto members = Members();
    if (members) {
      for (const pid_t pid : *members) ::kill(pid, SIGKILL);
    }
    if (stops) {
      if (auto thawed = Thaw(); !thawed) return thawed;
    }
    if (!members) return std::unexpected(std::move(members).error());
    return {};
  }

  Result<void> Keep() override {
    gone_ = true;
    std::error_code error;
    for (const auto& hierarchy : fs::directory_iterator(place_.root, error)) {
      if (hierarchy.is_symlink() || !hierarchy.is_directory()) continue;
      fs::create_directories(hierarchy.path() / place_.parent / place_.name, error);
      if (error) return FailErrno("make cgroup in " + hierarchy.path().string(), error.value());
    }
    return {};
  }

  // A runtime that joined the group made it in the other hierarchies of this host, too.
  Result<void> Remove(milliseconds patience) override {
    if (gone_) return {};
    if (auto emptied = KillUntilEmpty(*this, patience); !emptied) return emptied;
    std::error_code error;
    for (const auto& hierarchy : fs::directory_iterator(place_.root, error)) {
      const fs::path parent = hierarchy.path() / place_.parent;
      if (hierarchy.is_symlink() || !fs::exists(parent, error)) continue;
      if (auto gone = RemoveGroup(parent / place_.name, patience); !gone) return gone;
      // Fails while other groups are in it.
      if (!place_.parent.empty()) fs::remove(parent, error);
    }
    gone_ = true;
    return {};
  }

 private:
  [[nodiscard]] Result<void> Need(std::string_view controller, std::string_view what) const {
    return NeedController(place_.controllers, controller, what);
  }
  [[nodiscard]] fs::path File(std::string_view controller, std::string_view file) const {
    return place_.root / controller / place_.parent / place_.name / file;
  }
  Result<void> Write(std::string_view controller, std::string_view file, std::string_view value) {
    if (auto there = Need(controller, file); !there) return there;
    return WriteControl(File(controller, file), value);
  }

  Result<void> LimitCpu(std::uint32_t millis) {
    auto set = Write("cpu", "cpu.cfs_period_us", std::to_string(kCpuPeriodUs));
    if (!set) return set;
    return Write("cpu", "cpu.cfs_quota_us",
                 millis == CgroupLimits::kAny ? kNoBound : std::to_string(CpuQuotaUs(millis)));
  }

  // Memory and swap together get the same bound where the kernel counts swap. It may never be below
  // the bound of memory alone: which of the two goes first depends on whether they rise.
  Result<void> LimitMemory(Bytes limit) {
    const fs::path with_swap = File("memory", "memory.memsw.limit_in_bytes");
    const bool counts_swap = fs::exists(with_swap);
    const std::string value =
        limit == CgroupLimits::kAnyMemory ? kNoBound : std::to_string(limit.count);
    const bool rises = counts_swap && WriteControl(with_swap, value).has_value();
    auto set = Write("memory", "memory.limit_in_bytes", value);
    if (!set || rises) return set;
    return counts_swap ? WriteControl(with_swap, value) : Result<void>();
  }

  const CgroupPlace place_;
  bool gone_ = !place_.ours;  // removed, or not ours any more
};

}  // namespace

std::unique_ptr<Cgroup> OpenCgroupV1(CgroupPlace place) {
  return std::make_unique<CgroupV1>(std::move(place));
}

}  // namespace strata::host
