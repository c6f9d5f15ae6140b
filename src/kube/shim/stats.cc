#include "kube/shim/stats.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "cgroup1/stats/metrics.pb.h"
#include "cgroup2/stats/metrics.pb.h"

namespace strata::kube::shim {
namespace {

namespace v1 = io::containerd::cgroups::v1;
namespace v2 = io::containerd::cgroups::v2;

v1::Metrics MetricsV1(const GroupStats& stats) {
  v1::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.usage.pids);
  metrics.mutable_cpu()->mutable_usage()->set_total(stats.usage.cpu.count());
  auto* memory = metrics.mutable_memory();
  memory->set_total_inactive_file(stats.memory.inactive_file.count);
  memory->set_total_rss(stats.memory.anonymous.count);
  memory->set_total_pg_fault(stats.memory.faults);
  memory->set_total_pg_maj_fault(stats.memory.major_faults);
  auto* usage = memory->mutable_usage();
  usage->set_usage(stats.usage.memory.count);
  usage->set_max(stats.usage.memory_peak.count);
  usage->set_limit(stats.memory.limit.count);
  metrics.mutable_memory_oom_control()->set_oom_kill(stats.usage.oom_kills);
  return metrics;
}

v2::Metrics MetricsV2(const GroupStats& stats) {
  v2::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.usage.pids);
  const auto cpu = std::chrono::duration_cast<std::chrono::microseconds>(stats.usage.cpu);
  metrics.mutable_cpu()->set_usage_usec(cpu.count());
  auto* memory = metrics.mutable_memory();
  memory->set_usage(stats.usage.memory.count);
  memory->set_max_usage(stats.usage.memory_peak.count);
  memory->set_usage_limit(stats.memory.limit.count);
  memory->set_inactive_file(stats.memory.inactive_file.count);
  memory->set_anon(stats.memory.anonymous.count);
  memory->set_pgfault(stats.memory.faults);
  memory->set_pgmajfault(stats.memory.major_faults);
  metrics.mutable_memory_events()->set_oom_kill(stats.usage.oom_kills);
  return metrics;
}

}  // namespace

Result<GroupStats> ReadStats(const host::Cgroup& group) {
  const auto usage = group.Usage();
  if (!usage) return std::unexpected(usage.error());
  const auto memory = group.MemoryDetails();
  if (!memory) return std::unexpected(memory.error());
  return GroupStats{.usage = *usage, .memory = *memory};
}

void AddStats(GroupStats& all, const GroupStats& one) {
  all.usage.cpu += one.usage.cpu;
  all.usage.memory.count += one.usage.memory.count;
  all.usage.oom_kills += one.usage.oom_kills;
  all.usage.pids += one.usage.pids;
  // Three times none on v1 is more than the type holds.
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - all.memory.limit.count;
  all.memory.limit.count += std::min(one.memory.limit.count, room);
  all.memory.inactive_file.count += one.memory.inactive_file.count;
  all.memory.anonymous.count += one.memory.anonymous.count;
  all.memory.faults += one.memory.faults;
  all.memory.major_faults += one.memory.major_faults;
}

void PackStats(google::protobuf::Any& packed, const GroupStats& stats,
               host::CgroupVersion version) {
  if (version == host::CgroupVersion::kV1) {
    packed.set_type_url("io.containerd.cgroups.v1.Metrics");
    packed.set_value(MetricsV1(stats).SerializeAsString());
  } else {
    packed.set_type_url("io.containerd.cgroups.v2.Metrics");
    packed.set_value(MetricsV2(stats).SerializeAsString());
  }
}

}  // namespace strata::kube::shim
