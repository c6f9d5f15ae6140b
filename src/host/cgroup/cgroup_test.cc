#include "host/cgroup/cgroup.h"

#include <fcntl.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

// Plain directories stand in for the hierarchies: which files are read and written, and how they
// are understood. cgroup_kernel_test.cc does the same with a kernel behind it.
class CgroupTest : public ::testing::Test {
 protected:
  void Write(const fs::path& file, std::string_view text) {
    fs::create_directories((root.path() / file).parent_path());
    const auto fd = OpenFile(root.path() / file, O_WRONLY | O_CREAT | O_TRUNC);
    ASSERT_TRUE(fd.has_value());
    ASSERT_TRUE(WriteAll(fd->get(), text).has_value());
  }
  std::string Read(const fs::path& file) {
    auto text = ReadFile(root.path() / file, 4_KiB);
    return text ? *text : "(" + text.error().message + ")";
  }
  void MakeV1(std::initializer_list<const char*> controllers) {
    for (const fs::path controller : controllers) Write(controller / "cgroup.procs", "");
  }
  void MakeV2(std::string_view controllers) {
    Write("cgroup.controllers", controllers);
    Write("cgroup.subtree_control", "");
    Write("strata/cgroup.subtree_control", "");
  }
  std::unique_ptr<Cgroup> Make() {
    auto groups = Cgroups::Find("strata", root.path());
    EXPECT_TRUE(groups.has_value()) << groups.error().message;
    auto group = groups->Make("box-1");
    EXPECT_TRUE(group.has_value()) << group.error().message;
    return std::move(group).value();
  }

  const strata::testing::TempDir root;
};

TEST_F(CgroupTest, V1LimitsGoToTheirControllers) {
  MakeV1({"cpu", "memory", "pids"});
  const auto group = Make();
  EXPECT_EQ(group->path(), "/strata/box-1");
  for (const char* file :
       {"memory/strata/box-1/memory.limit_in_bytes",
        "memory/strata/box-1/memory.memsw.limit_in_bytes", "cpu/strata/box-1/cpu.cfs_period_us",
        "cpu/strata/box-1/cpu.cfs_quota_us", "pids/strata/box-1/pids.max"}) {
    Write(file, "");
  }
  const auto limited = group->Limit({.memory = 8_MiB, .cpu_millis = 250, .pids = 7});
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  EXPECT_EQ(Read("memory/strata/box-1/memory.limit_in_bytes"), "8388608");
  EXPECT_EQ(Read("memory/strata/box-1/memory.memsw.limit_in_bytes"), "8388608");
  EXPECT_EQ(Read("cpu/strata/box-1/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(Read("cpu/strata/box-1/cpu.cfs_quota_us"), "25000");
  EXPECT_EQ(Read("pids/strata/box-1/pids.max"), "7");
}

TEST_F(CgroupTest, V1SharesAreWrittenAndBoundsTakenAway) {
  MakeV1({"cpu", "memory", "pids"});
  const auto group = Make();
  for (const char* file :
       {"memory/strata/box-1/memory.limit_in_bytes",
        "memory/strata/box-1/memory.memsw.limit_in_bytes", "cpu/strata/box-1/cpu.cfs_period_us",
        "cpu/strata/box-1/cpu.cfs_quota_us", "cpu/strata/box-1/cpu.shares",
        "pids/strata/box-1/pids.max"}) {
    Write(file, "7");
  }
  const auto limited = group->Limit({.memory = CgroupLimits::kAnyMemory,
                                     .cpu_millis = CgroupLimits::kAny,
                                     .pids = CgroupLimits::kAny,
                                     .cpu_shares = 512});
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  EXPECT_EQ(Read("memory/strata/box-1/memory.limit_in_bytes"), "-1");
  EXPECT_EQ(Read("memory/strata/box-1/memory.memsw.limit_in_bytes"), "-1");
  EXPECT_EQ(Read("cpu/strata/box-1/cpu.cfs_quota_us"), "-1");
  EXPECT_EQ(Read("cpu/strata/box-1/cpu.shares"), "512");
  EXPECT_EQ(Read("pids/strata/box-1/pids.max"), "max");
}

TEST_F(CgroupTest, V1HasNoneOfVersionTwosFilesAndChangesNothing) {
  MakeV1({"memory", "pids"});
  const auto group = Make();
  Write("pids/strata/box-1/pids.max", "max");
  const auto limited = group->Limit(
      {.memory = {}, .cpu_millis = 0, .pids = 7, .unified = {{"memory.oom.group", "1"}}});
  ASSERT_FALSE(limited.has_value());
  EXPECT_EQ(limited.error().code, Errc::kUnsupported);
  EXPECT_EQ(Read("pids/strata/box-1/pids.max"), "max");
}

TEST_F(CgroupTest, V1UsageIsReadFromFiveFiles) {
  MakeV1({"cpuacct", "memory", "pids"});
  const auto group = Make();
  Write("cpuacct/strata/box-1/cpuacct.usage", "1500\n");
  Write("memory/strata/box-1/memory.usage_in_bytes", "4096\n");
  Write("memory/strata/box-1/memory.max_usage_in_bytes", "8192\n");
  Write("memory/strata/box-1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  Write("pids/strata/box-1/pids.current", "3\n");
  const auto usage = group->Usage();
  ASSERT_TRUE(usage.has_value()) << usage.error().message;
  EXPECT_EQ(usage->cpu, std::chrono::nanoseconds(1500));
  EXPECT_EQ(usage->memory, 4_KiB);
  EXPECT_EQ(usage->memory_peak, 8_KiB);
  EXPECT_EQ(usage->oom_kills, 2U);
  EXPECT_EQ(usage->pids, 3U);
}

// A group's own numbers come first in the kernel's file, those with groups below it after them.
TEST_F(CgroupTest, V1MemoryDetailsAreTheTotals) {
  MakeV1({"memory"});
  const auto group = Make();
  Write("memory/strata/box-1/memory.limit_in_bytes", "16777216\n");
  Write("memory/strata/box-1/memory.stat",
        "rss 1\nrss_huge 2\npgfault 3\npgmajfault 4\ninactive_file 5\ntotal_rss 4096\n"
        "total_rss_huge 6\ntotal_pgfault 70\ntotal_pgmajfault 8\ntotal_inactive_file 8192\n");
  const auto memory = group->MemoryDetails();
  ASSERT_TRUE(memory.has_value()) << memory.error().message;
  EXPECT_EQ(memory->limit, 16_MiB);
  EXPECT_EQ(memory->inactive_file, 8_KiB);
  EXPECT_EQ(memory->anonymous, 4_KiB);
  EXPECT_EQ(memory->faults, 70U);
  EXPECT_EQ(memory->major_faults, 8U);
}

TEST_F(CgroupTest, CpuTimeOfAllBelowTheParentIsTheParents) {
  MakeV1({"cpuacct", "memory", "pids"});
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ(groups->CpuTime().error().code, Errc::kNotFound) << "there is no group yet";
  Write("cpuacct/strata/cpuacct.usage", "1500\n");
  EXPECT_EQ(groups->CpuTime().value(), std::chrono::nanoseconds(1500));
}

TEST_F(CgroupTest, V2CpuTimeOfAllBelowTheParentIsTheParents) {
  MakeV2("cpu memory pids");
  Write("strata/cpu.stat", "usage_usec 20\n");
  EXPECT_EQ(Cgroups::Find("strata", root.path())->CpuTime().value(), std::chrono::microseconds(20));
}

TEST_F(CgroupTest, AKeptGroupStays) {
  MakeV2("cpu memory pids");
  EXPECT_TRUE(Make()->Keep().has_value());
  EXPECT_TRUE(fs::exists(root.path() / "strata/box-1"));
}

// A container runtime uses hierarchies that we do not, and makes parent and group in two steps.
TEST_F(CgroupTest, V1AKeptGroupKeepsItsParentInEveryHierarchy) {
  MakeV1({"cpu", "memory", "pids", "cpuset"});
  fs::create_directory_symlink("cpu", root.path() / "cpu,cpuacct");
  EXPECT_TRUE(Make()->Keep().has_value());
  for (const char* place : {"cpu", "memory", "pids", "cpuset"}) {
    EXPECT_TRUE(fs::exists(root.path() / place / "strata/box-1")) << place;
  }
}

TEST_F(CgroupTest, AGroupIsMadeWhereSomebodyElseSays) {
  MakeV1({"cpu", "memory"});
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  const auto group = groups->MakeAt("/kubepods/pod1/c1");
  ASSERT_TRUE(group.has_value()) << group.error().message;
  EXPECT_EQ((*group)->path(), "/kubepods/pod1/c1");
  EXPECT_TRUE(fs::is_directory(root.path() / "cpu/kubepods/pod1/c1"));
  EXPECT_TRUE(fs::is_directory(root.path() / "memory/kubepods/pod1/c1"));
  EXPECT_EQ(groups->MakeAt("/kubepods/pod1/c1").error().code, Errc::kFailedPrecondition);
  EXPECT_TRUE(groups->OpenAt("/kubepods/pod1/c1").has_value());
  EXPECT_EQ(groups->OpenAt("/kubepods/pod1/c2").error().code, Errc::kNotFound);
  (*group)->Keep().value();
}

TEST_F(CgroupTest, V2ControllersArePassedDownToAGroupElsewhere) {
  MakeV2("cpu memory pids");
  Write("kubepods/cgroup.subtree_control", "");
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  const auto group = groups->MakeAt("/kubepods/c1");
  ASSERT_TRUE(group.has_value()) << group.error().message;
  EXPECT_EQ(Read("cgroup.subtree_control"), "+pids");
  EXPECT_EQ(Read("kubepods/cgroup.subtree_control"), "+pids");
  (*group)->Keep().value();
}

TEST_F(CgroupTest, APathThatIsNoneIsRefusedAndTouchesNothing) {
  MakeV1({"cpu"});
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  for (const char* path : {"", "/", "a/b", "/a/../b", "/a//b", "/a/", "/a/./b"}) {
    EXPECT_EQ(groups->MakeAt(path).error().code, Errc::kInvalidArgument) << path;
  }
  EXPECT_EQ(groups->MakeAt("kubepods-pod1.slice:cri-containerd:c1").error().code,
            Errc::kUnsupported);
  EXPECT_FALSE(fs::exists(root.path() / "cpu/a"));
}

TEST_F(CgroupTest, V2LimitsAreDelegatedAndWritten) {
  MakeV2("cpuset cpu io memory pids");
  const auto group = Make();
  for (const char* file : {"memory.max", "memory.swap.max", "cpu.max", "pids.max"}) {
    Write(fs::path("strata/box-1") / file, "max");
  }
  const auto limited = group->Limit({.memory = 8_MiB, .cpu_millis = 1500, .pids = 7});
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  EXPECT_EQ(Read("cgroup.subtree_control"), "+pids");  // the last of three writes
  EXPECT_EQ(Read("strata/cgroup.subtree_control"), "+pids");
  EXPECT_EQ(Read("strata/box-1/memory.max"), "8388608");
  EXPECT_EQ(Read("strata/box-1/memory.swap.max"), "0");
  EXPECT_EQ(Read("strata/box-1/cpu.max"), "150000 100000");
}

TEST_F(CgroupTest, V2BoundsAreTakenAway) {
  MakeV2("cpu memory pids");
  const auto group = Make();
  for (const char* file : {"memory.max", "memory.swap.max", "cpu.max", "pids.max"}) {
    Write(fs::path("strata/box-1") / file, "7");
  }
  const auto limited = group->Limit({.memory = CgroupLimits::kAnyMemory,
                                     .cpu_millis = CgroupLimits::kAny,
                                     .pids = CgroupLimits::kAny});
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  EXPECT_EQ(Read("strata/box-1/memory.max"), "max");
  EXPECT_EQ(Read("strata/box-1/memory.swap.max"), "max");
  EXPECT_EQ(Read("strata/box-1/cpu.max"), "max 100000");
  EXPECT_EQ(Read("strata/box-1/pids.max"), "max");
}

TEST_F(CgroupTest, V2SharesAreTheWeightThatRuncMakesOfThem) {
  MakeV2("cpu memory pids");
  const auto group = Make();
  Write("strata/box-1/cpu.weight", "100");
  const std::pair<std::uint32_t, const char*> weights[] = {
      {1, "1"}, {2, "1"}, {1024, "39"}, {262'144, "10000"}, {300'000, "10000"}};
  for (const auto& [shares, weight] : weights) {
    const auto limited =
        group->Limit({.memory = {}, .cpu_millis = 0, .pids = 0, .cpu_shares = shares});
    ASSERT_TRUE(limited.has_value()) << limited.error().message;
    EXPECT_EQ(Read("strata/box-1/cpu.weight"), weight) << shares;
  }
}

TEST_F(CgroupTest, V2FilesByTheirNameAreWrittenLast) {
  MakeV2("memory pids");
  const auto group = Make();
  for (const char* file : {"memory.max", "memory.swap.max", "memory.oom.group"}) {
    Write(fs::path("strata/box-1") / file, "max");
  }
  CgroupLimits limits{.memory = 8_MiB, .cpu_millis = 0, .pids = 0};
  limits.unified = {{"memory.swap.max", "4096"}, {"memory.oom.group", "1"}};
  const auto limited = group->Limit(limits);
  ASSERT_TRUE(limited.has_value()) << limited.error().message;
  EXPECT_EQ(Read("strata/box-1/memory.swap.max"), "4096");
  EXPECT_EQ(Read("strata/box-1/memory.oom.group"), "1");
  limits.unified = {{"cpu.weight", "1"}};
  EXPECT_EQ(group->Limit(limits).error().code, Errc::kUnsupported) << "there is no such controller";
}

TEST_F(CgroupTest, V2UsageIsReadAndAMissingPeakIsZero) {
  MakeV2("cpu memory pids");
  const auto group = Make();
  Write("strata/box-1/cpu.stat", "usage_usec 20\nuser_usec 15\nsystem_usec 5\n");
  Write("strata/box-1/memory.current", "4096\n");
  Write("strata/box-1/memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n");
  Write("strata/box-1/pids.current", "1\n");
  auto usage = group->Usage();
  ASSERT_TRUE(usage.has_value()) << usage.error().message;
  EXPECT_EQ(usage->cpu, std::chrono::microseconds(20));
  EXPECT_EQ(usage->oom_kills, 1U);
  EXPECT_EQ(usage->memory_peak, 0_B);
  Write("strata/box-1/memory.peak", "12288\n");
  usage = group->Usage();
  ASSERT_TRUE(usage.has_value());
  EXPECT_EQ(usage->memory_peak, 12_KiB);
}

TEST_F(CgroupTest, V2MemoryDetailsAreReadAndNoLimitIsMoreThanAnyHostHas) {
  MakeV2("cpu memory pids");
  const auto group = Make();
  Write("strata/box-1/memory.max", "max\n");
  Write("strata/box-1/memory.stat",
        "anon 4096\nfile 1\ninactive_anon 2\ninactive_file 8192\npgfault 70\npgmajfault 8\n");
  auto memory = group->MemoryDetails();
  ASSERT_TRUE(memory.has_value()) << memory.error().message;
  EXPECT_EQ(memory->limit.count, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(memory->inactive_file, 8_KiB);
  EXPECT_EQ(memory->anonymous, 4_KiB);
  EXPECT_EQ(memory->faults, 70U);
  EXPECT_EQ(memory->major_faults, 8U);
  Write("strata/box-1/memory.max", "16777216\n");
  memory = group->MemoryDetails();
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->limit, 16_MiB);
}

TEST_F(CgroupTest, V2FreezeWaitsForTheKernelToSaySo) {
  MakeV2("cpu memory pids");
  const auto group = Make();
  Write("strata/box-1/cgroup.freeze", "0");
  Write("strata/box-1/cgroup.events", "populated 1\nfrozen 0\n");
  const auto late = group->Freeze();
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kDeadlineExceeded);
  EXPECT_EQ(Read("strata/box-1/cgroup.freeze"), "0") << "what failed goes on";
  Write("strata/box-1/cgroup.events", "populated 1\nfrozen 1\n");
  EXPECT_TRUE(group->Freeze().has_value());
  EXPECT_EQ(Read("strata/box-1/cgroup.freeze"), "1");
}

TEST_F(CgroupTest, ALimitWithoutItsControllerNamesItAndChangesNothing) {
  MakeV1({"cpu", "memory"});
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  const CgroupLimits limits{.memory = 8_MiB, .cpu_millis = 100, .pids = 7};
  const auto can = groups->CanEnforce(limits);
  ASSERT_FALSE(can.has_value());
  EXPECT_EQ(can.error().code, Errc::kUnsupported);
  EXPECT_NE(can.error().message.find("'pids'"), std::string::npos) << can.error().message;

  const auto group = Make();
  Write("memory/strata/box-1/memory.limit_in_bytes", "unchanged");
  const auto limited = group->Limit(limits);
  ASSERT_FALSE(limited.has_value());
  EXPECT_EQ(limited.error().code, Errc::kUnsupported);
  EXPECT_EQ(Read("memory/strata/box-1/memory.limit_in_bytes"), "unchanged");
}

TEST_F(CgroupTest, WithoutControllersThereIsNothingToUse) {
  for (const char* controllers : {"", "io rdma"}) {
    if (*controllers != '\0') MakeV2(controllers);
    const auto groups = Cgroups::Find("strata", root.path());
    ASSERT_FALSE(groups.has_value());
    EXPECT_EQ(groups.error().code, Errc::kUnsupported);
  }
}

TEST_F(CgroupTest, AHybridHostIsV1) {
  MakeV1({"memory"});
  Write("unified/cgroup.controllers", "");
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ(groups->version(), CgroupVersion::kV1);
}

TEST_F(CgroupTest, AGroupThatCannotBeMadeInOneHierarchyIsInNone) {
  MakeV1({"memory", "pids"});
  fs::create_directories(root / "pids/strata/box-1");  // somebody's
  const auto groups = Cgroups::Find("strata", root.path());
  ASSERT_TRUE(groups.has_value());
  const auto group = groups->Make("box-1");
  ASSERT_FALSE(group.has_value());
  EXPECT_EQ(group.error().code, Errc::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(root / "memory/strata"));
  EXPECT_TRUE(fs::exists(root / "pids/strata/box-1"));
}

TEST_F(CgroupTest, ABadNameIsRefusedAndTouchesNothing) {
  MakeV1({"memory"});
  for (const char* name : {"", ".", "..", "a/b", "UPPER"}) {
    const auto groups = Cgroups::Find(name, root.path());
    ASSERT_FALSE(groups.has_value()) << name;
    EXPECT_EQ(groups.error().code, Errc::kInvalidArgument);
    const auto group = Cgroups::Find("strata", root.path())->Make(name);
    ASSERT_FALSE(group.has_value()) << name;
    EXPECT_EQ(group.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(fs::exists(root / "memory/strata"));
}

}  // namespace
}  // namespace strata::host
