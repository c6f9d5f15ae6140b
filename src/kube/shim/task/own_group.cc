#include "kube/shim/task/own_group.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/files/files.h"
#include "kube/shim/config_json.h"
#include "kube/shim/resident.h"

namespace strata::kube::shim {
namespace {

constexpr Bytes kNote = 4_KiB;
constexpr std::chrono::milliseconds kRemovePatience{3000};
constexpr const char* kNoteName = "group";  // in the bundle: the path of the control group
constexpr std::uint64_t kMillisPerCpu = 1000;

// systemd's ("slice:prefix:name"): what is made by such a path lies outside of the pod's slice.
Result<void> CheckGroupPath(const std::string& path) {
  if (!path.contains(':')) return {};
  return Fail(Errc::kUnsupported, "control group " + path +
                                      " is systemd's, which this runtime does not ask: say "
                                      "cgroupDriver: cgroupfs in kubelet's configuration, and "
                                      "SystemdCgroup = false in containerd's");
}

}  // namespace

Result<host::CgroupLimits> ReadLimits(const Json& resources) {
  host::CgroupLimits limits;
  if (const auto memory = NumberOf(MemberOf(resources, "memory"), "limit")) {
    limits.memory = Bytes{*memory};
  }
  const Json* cpu = MemberOf(resources, "cpu");
  const auto quota = NumberOf(cpu, "quota");
  const auto period = NumberOf(cpu, "period");
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (quota) {
    const std::uint64_t per = period.value_or(100'000);
    if (*quota > kMost || per > kMost) {
      return Fail(Errc::kInvalidArgument, "config.json: a CPU quota that cannot be");
    }
    limits.cpu_millis = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(*quota * kMillisPerCpu / per, 1, kMost));
  }
  if (const auto pids = NumberOf(MemberOf(resources, "pids"), "limit")) {
    limits.pids = static_cast<std::uint32_t>(std::min(*pids, kMost));
  }
  return limits;
}

Result<GroupPlan> ReadGroupPlan(const Json& linux) {
  GroupPlan plan{.path = TextOf(linux, "cgroupsPath"), .limits = {}, .least_memory = {}};
  if (plan.path.empty()) return Fail(Errc::kInvalidArgument, "config.json: no cgroupsPath");
  if (auto can = CheckGroupPath(plan.path); !can) return std::unexpected(std::move(can).error());
  const Json* resources = MemberOf(linux, "resources");
  if (resources == nullptr) return plan;
  const auto limits = ReadLimits(*resources);
  if (!limits) return std::unexpected(limits.error());
  plan.limits = *limits;
  return plan;
}

Result<void> CheckMemory(const host::CgroupLimits& limits, Bytes least) {
  if (limits.memory.count == 0 || limits.memory >= least) return {};
  return Fail(Errc::kUnsupported, "this class needs a memory limit of " +
                                      std::to_string(least.count >> 20) + " MiB or more");
}

Result<std::shared_ptr<host::Cgroup>> MakeOwnGroup(const host::Cgroups& groups,
                                                   const std::string& bundle,
                                                   const GroupPlan& plan) {
  if (auto can = groups.CanEnforce(plan.limits); !can) return std::unexpected(can.error());
  auto noted = WriteFileAtomic(bundle + "/" + kNoteName, plan.path);
  if (!noted) return std::unexpected(std::move(noted).error());
  auto made = groups.MakeAt(plan.path);
  if (!made) {
    std::error_code ignored;  // the note is of no harm unless the group is somebody else's
    std::filesystem::remove(bundle + "/" + kNoteName, ignored);
    return std::unexpected(std::move(made).error());
  }
  std::shared_ptr<host::Cgroup> group = std::move(*made);
  if (auto limited = group->Limit(plan.limits); !limited) {
    static_cast<void>(RemoveOwnGroup(*group));  // nothing is in it
    return std::unexpected(std::move(limited).error());
  }
  return group;
}

Result<void> NoteRuntimesGroup(const host::Cgroups& groups, const std::string& bundle,
                               const std::string& path) {
  if (auto can = CheckGroupPath(path); !can) return can;
  if (!path.starts_with('/')) return {};
  const auto there = groups.OpenAt(path);
  if (there) return (*there)->Keep();
  // A path that we could not sweep, one with ".." in it: what the runtime makes of it is its own.
  if (there.error().code != Errc::kNotFound) return {};
  return WriteFileAtomic(bundle + "/" + kNoteName, path);
}

Result<void> LimitOwnGroup(host::Cgroup* group, const std::string& resources, Bytes least) {
  const auto json = ParseJson(resources);
  if (!json) return Wrap(json.error(), "update");
  const auto limits = ReadLimits(*json);
  if (!limits) return std::unexpected(limits.error());
  if (auto enough = CheckMemory(*limits, least); !enough) return Wrap(enough.error(), "update");
  if (group == nullptr) return Fail(Errc::kFailedPrecondition, "update: it is not made");
  return group->Limit(*limits);
}

Result<void> RemoveOwnGroup(host::Cgroup& group) { return group.Remove(kRemovePatience); }

Result<void> RemoveLeftGroup(const std::string& bundle) {
  const auto path = ReadFile(bundle + "/" + kNoteName, kNote);
  if (!path) return {};
  const auto groups = FindGroups();
  if (!groups) return std::unexpected(groups.error());
  return groups->SweepAt(*path, kRemovePatience);
}

}  // namespace strata::kube::shim
