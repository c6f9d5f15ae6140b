#include "kube/shim/stats.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "cgroup1/stats/metrics.pb.h"
#include "cgroup2/stats/metrics.pb.h"

namespace strata::kube::shim {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// Every number is another, so that none is taken for another.
GroupStats Some() {
  return {.usage = {.cpu = std::chrono::microseconds(11),
                    .memory = 12_B,
                    .memory_peak = 13_B,
                    .oom_kills = 14,
                    .pids = 15},
          .memory = {.limit = 16_B,
                     .inactive_file = 17_B,
                     .anonymous = 18_B,
                     .faults = 19,
                     .major_faults = 20}};
}

TEST(StatsTest, V1HasWhatContainerdReads) {
  google::protobuf::Any packed;
  PackStats(packed, Some(), host::CgroupVersion::kV1);
  EXPECT_EQ(packed.type_url(), "io.containerd.cgroups.v1.Metrics");
  io::containerd::cgroups::v1::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(packed.value()));
  EXPECT_EQ(metrics.cpu().usage().total(), 11'000U);
  EXPECT_EQ(metrics.memory().usage().usage(), 12U);
  EXPECT_EQ(metrics.memory().usage().max(), 13U);
  EXPECT_EQ(metrics.memory_oom_control().oom_kill(), 14U);
  EXPECT_EQ(metrics.pids().current(), 15U);
  EXPECT_EQ(metrics.memory().usage().limit(), 16U);
  EXPECT_EQ(metrics.memory().total_inactive_file(), 17U);
  EXPECT_EQ(metrics.memory().total_rss(), 18U);
  EXPECT_EQ(metrics.memory().total_pg_fault(), 19U);
  EXPECT_EQ(metrics.memory().total_pg_maj_fault(), 20U);
}

TEST(StatsTest, V2HasWhatContainerdReads) {
  google::protobuf::Any packed;
  PackStats(packed, Some(), host::CgroupVersion::kV2);
  EXPECT_EQ(packed.type_url(), "io.containerd.cgroups.v2.Metrics");
  io::containerd::cgroups::v2::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(packed.value()));
  EXPECT_EQ(metrics.cpu().usage_usec(), 11U);
  EXPECT_EQ(metrics.memory().usage(), 12U);
  EXPECT_EQ(metrics.memory().max_usage(), 13U);
  EXPECT_EQ(metrics.memory_events().oom_kill(), 14U);
  EXPECT_EQ(metrics.pids().current(), 15U);
  EXPECT_EQ(metrics.memory().usage_limit(), 16U);
  EXPECT_EQ(metrics.memory().inactive_file(), 17U);
  EXPECT_EQ(metrics.memory().anon(), 18U);
  EXPECT_EQ(metrics.memory().pgfault(), 19U);
  EXPECT_EQ(metrics.memory().pgmajfault(), 20U);
}

TEST(StatsTest, APodsAreItsContainersTogether) {
  GroupStats all;
  AddStats(all, Some());
  AddStats(all, Some());
  EXPECT_EQ(all.usage.cpu, std::chrono::microseconds(22));
  EXPECT_EQ(all.usage.memory, 24_B);
  EXPECT_EQ(all.usage.memory_peak, 0_B);
  EXPECT_EQ(all.usage.oom_kills, 28U);
  EXPECT_EQ(all.usage.pids, 30U);
  EXPECT_EQ(all.memory.limit, 32_B);
  EXPECT_EQ(all.memory.inactive_file, 34_B);
  EXPECT_EQ(all.memory.anonymous, 36_B);
  EXPECT_EQ(all.memory.faults, 38U);
  EXPECT_EQ(all.memory.major_faults, 40U);
}

TEST(StatsTest, OneWithoutALimitLeavesThePodWithoutOne) {
  GroupStats unbounded;
  unbounded.memory.limit = Bytes{kNoLimit};
  GroupStats all;
  AddStats(all, unbounded);
  AddStats(all, Some());
  EXPECT_EQ(all.memory.limit.count, kNoLimit);
}

}  // namespace
}  // namespace strata::kube::shim
