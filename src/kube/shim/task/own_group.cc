#include "kube/shim/task/own_group.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/files/files.h"
#include "kube/shim/config_json.h"
#include "kube/shim/resident.h"

namespace strata::kube::shim {
namespace {

using host::CgroupLimits;

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

// What of "linux.resources" is kept here, or bounds nothing. A period counts with its quota alone.
// Devices are for classes that have some, and theirs to keep.
constexpr std::array<std::string_view, 8> kKept = {
    "devices",    "memory.limit", "memory.swap", "memory.useHierarchy",
    "cpu.shares", "cpu.quota",    "cpu.period",  "pids.limit"};
constexpr std::array<std::string_view, 5> kKeptFiles = {"memory.oom.group", "memory.swap.max",
                                                        "memory.high", "memory.low", "memory.min"};

bool IsKept(const std::string& name) {
  if (std::ranges::find(kKept, name) != kKept.end()) return true;
  constexpr std::string_view kUnified = "unified.";
  if (!name.starts_with(kUnified)) return false;
  return std::ranges::find(kKeptFiles, name.substr(kUnified.size())) != kKeptFiles.end();
}

// As a limit is written that is none.
bool BoundsNothing(const Json& value) {
  if (value.is_number()) return value.get<double>() <= 0;
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_structured()) return std::ranges::all_of(value, BoundsNothing);
  return value != true;
}

// kubelet names every size of page that the host has.
bool HasHugePages(const Json& limits) {
  if (!limits.is_array()) return !BoundsNothing(limits);
  return std::ranges::any_of(limits,
                             [](const Json& each) { return NumberOf(&each, "limit").has_value(); });
}

std::unexpected<Error> Refuse(const std::string& name) {
  return Fail(Errc::kUnsupported, "linux.resources." + name +
                                      " is kept by class container alone: leave it out, or ask "
                                      "for that class");
}

Result<void> RefuseOthers(const Json& resources) {
  if (!resources.is_object()) return Fail(Errc::kInvalidArgument, "linux.resources is no object");
  for (const auto& [name, value] : resources.items()) {
    if (IsKept(name)) continue;
    if (name == "hugepageLimits") {
      if (HasHugePages(value)) return Refuse(name);
    } else if (!value.is_object()) {
      if (!BoundsNothing(value)) return Refuse(name);
    } else {
      for (const auto& [part, bound] : value.items()) {
        const std::string both = name + "." + part;
        if (!IsKept(both) && !BoundsNothing(bound)) return Refuse(both);
      }
    }
  }
  return {};
}

Result<std::vector<host::CgroupFile>> ReadUnified(const Json* unified) {
  std::vector<host::CgroupFile> files;
  for (const std::string_view name : kKeptFiles) {
    const Json* value = MemberOf(unified, name);
    if (value == nullptr || BoundsNothing(*value)) continue;
    if (!value->is_string()) {
      return Fail(Errc::kInvalidArgument,
                  "linux.resources.unified: " + std::string(name) + " is no text");
    }
    files.push_back({.name = std::string(name), .value = value->get<std::string>()});
  }
  return files;
}

// No swap is given, so a bound of both together is kept where there is one of memory.
Result<Bytes> ReadMemory(const Json* memory) {
  const auto limit = NumberOf(memory, "limit");
  if (limit) return Bytes{*limit};
  if (NumberOf(memory, "swap")) {
    return Fail(Errc::kUnsupported, "linux.resources.memory.swap without a memory.limit");
  }
  return Bytes{};
}

Result<std::uint32_t> ReadCpu(const Json* cpu) {
  const auto quota = NumberOf(cpu, "quota");
  if (!quota) return 0;
  const std::uint64_t period = NumberOf(cpu, "period").value_or(100'000);
  if (*quota > CgroupLimits::kAny || period > CgroupLimits::kAny) {
    return Fail(Errc::kInvalidArgument, "linux.resources: a CPU quota that cannot be");
  }
  const std::uint64_t millis = *quota * kMillisPerCpu / period;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(millis, 1, CgroupLimits::kAny));
}

std::uint32_t ReadCount(const Json* object, std::string_view key) {
  const std::uint64_t count = NumberOf(object, key).value_or(0);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, CgroupLimits::kAny));
}

// Whether `object` says of `key` that there is no limit.
bool Lifts(const Json* object, std::string_view key) {
  const Json* value = MemberOf(object, key);
  return value != nullptr && value->is_number_integer() && !NumberOf(object, key);
}

}  // namespace

Result<CgroupLimits> ReadLimits(const Json& resources) {
  if (auto others = RefuseOthers(resources); !others) return std::unexpected(others.error());
  const Json* cpu = MemberOf(resources, "cpu");
  const auto memory = ReadMemory(MemberOf(resources, "memory"));
  if (!memory) return std::unexpected(memory.error());
  const auto millis = ReadCpu(cpu);
  if (!millis) return std::unexpected(millis.error());
  auto files = ReadUnified(MemberOf(resources, "unified"));
  if (!files) return std::unexpected(std::move(files).error());
  return CgroupLimits{.memory = *memory,
                      .cpu_millis = *millis,
                      .pids = ReadCount(MemberOf(resources, "pids"), "limit"),
                      .cpu_shares = ReadCount(cpu, "shares"),
                      .unified = std::move(*files)};
}

Result<CgroupLimits> ReadNewLimits(const std::string& resources) {
  const auto json = ParseJson(resources);
  if (!json) return std::unexpected(json.error());
  auto limits = ReadLimits(*json);
  if (!limits) return limits;
  if (Lifts(MemberOf(*json, "memory"), "limit")) limits->memory = CgroupLimits::kAnyMemory;
  if (Lifts(MemberOf(*json, "cpu"), "quota")) limits->cpu_millis = CgroupLimits::kAny;
  if (Lifts(MemberOf(*json, "pids"), "limit")) limits->pids = CgroupLimits::kAny;
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
  const auto limits = ReadNewLimits(resources);
  if (!limits) return Wrap(limits.error(), "update");
  if (auto enough = CheckMemory(*limits, least); !enough) return Wrap(enough.error(), "update");
  if (group == nullptr) return Fail(Errc::kFailedPrecondition, "update: it is not made");
  return group->Limit(*limits);
}

Result<void> RemoveOwnGroup(host::Cgroup& group) { return group.Remove(kRemovePatience); }

Result<void> RemoveLeftGroup(const std::string& bundle, std::chrono::milliseconds patience) {
  const auto path = ReadFile(bundle + "/" + kNoteName, kNote);
  if (!path) return {};
  const auto groups = FindGroups();
  if (!groups) return std::unexpected(groups.error());
  return groups->SweepAt(*path, patience);
}

}  // namespace strata::kube::shim
