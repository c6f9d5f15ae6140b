#include "kube/shim/stats.h"

#include <chrono>

#include "cgroup1/stats/metrics.pb.h"
#include "cgroup2/stats/metrics.pb.h"

namespace strata::kube::shim {

void PackUsage(google::protobuf::Any& stats, const host::CgroupUsage& usage,
               host::CgroupVersion version) {
  if (version == host::CgroupVersion::kV1) {
    io::containerd::cgroups::v1::Metrics metrics;
    metrics.mutable_pids()->set_current(usage.pids);
    metrics.mutable_cpu()->mutable_usage()->set_total(usage.cpu.count());
    auto* memory = metrics.mutable_memory()->mutable_usage();
    memory->set_usage(usage.memory.count);
    memory->set_max(usage.memory_peak.count);
    metrics.mutable_memory_oom_control()->set_oom_kill(usage.oom_kills);
    stats.set_type_url("io.containerd.cgroups.v1.Metrics");
    stats.set_value(metrics.SerializeAsString());
    return;
  }
  io::containerd::cgroups::v2::Metrics metrics;
  metrics.mutable_pids()->set_current(usage.pids);
  const auto cpu = std::chrono::duration_cast<std::chrono::microseconds>(usage.cpu);
  metrics.mutable_cpu()->set_usage_usec(cpu.count());
  metrics.mutable_memory()->set_usage(usage.memory.count);
  metrics.mutable_memory_events()->set_oom_kill(usage.oom_kills);
  stats.set_type_url("io.containerd.cgroups.v2.Metrics");
  stats.set_value(metrics.SerializeAsString());
}

}  // namespace strata::kube::shim
