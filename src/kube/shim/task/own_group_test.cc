#include "kube/shim/task/own_group.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "base/text/json.h"

namespace strata::kube::shim {
namespace {

using host::CgroupLimits;

constexpr const char* kSystemds = "kubepods-pod1.slice:cri-containerd:c1";

// A plain folder stands in for the hierarchy.
class OwnGroupTest : public ::testing::Test {
 protected:
  OwnGroupTest() {
    EXPECT_TRUE(WriteFileAtomic(root_ / "cgroup.controllers", "memory pids"));
    auto found = host::Cgroups::Find("strata", root_.path());
    EXPECT_TRUE(found) << found.error().message;
    groups_ = std::move(*found);
  }

  Result<void> Note(const std::string& path) {
    return NoteRuntimesGroup(*groups_, bundle_.path(), path);
  }
  bool noted() const { return std::filesystem::exists(bundle_ / "group"); }

  const testing::TempDir root_;
  const testing::TempDir bundle_;
  std::optional<host::Cgroups> groups_;
};

TEST_F(OwnGroupTest, WhatARuntimeIsAboutToMakeIsNoted) {
  EXPECT_TRUE(Note("/kubepods/pod1/c1"));
  EXPECT_TRUE(noted());
}

// runc would take its path for one of its own.
TEST_F(OwnGroupTest, AGroupOfSystemdsIsRefusedInEveryClass) {
  const auto made = Note(kSystemds);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::kUnsupported);
  EXPECT_NE(made.error().message.find("cgroupDriver: cgroupfs"), std::string::npos);
  EXPECT_FALSE(noted());

  const Json linux = {{"cgroupsPath", kSystemds}};
  const auto plan = ReadGroupPlan(linux);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::kUnsupported);
}

Result<CgroupLimits> Read(const char* resources) { return ReadLimits(*ParseJson(resources)); }

// As kubelet and containerd write them for a container of a pod, on version 2 of control groups.
TEST(ReadLimitsTest, WhatKubeletSendsIsKept) {
  const auto limits = Read(R"({
    "devices": [{"allow": false, "access": "rwm"}],
    "memory": {"limit": 67108864, "swap": 67108864},
    "cpu": {"shares": 256, "quota": 50000, "period": 100000, "cpus": "", "mems": ""},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 0}, {"pageSize": "1GB", "limit": 0}],
    "unified": {"memory.oom.group": "1", "memory.swap.max": "0"}})");
  ASSERT_TRUE(limits) << limits.error().message;
  EXPECT_EQ(*limits,
            (CgroupLimits{.memory = 64_MiB,
                          .cpu_millis = 500,
                          .pids = 0,
                          .cpu_shares = 256,
                          .unified = {{"memory.oom.group", "1"}, {"memory.swap.max", "0"}}}));
}

TEST(ReadLimitsTest, NoLimitIsWrittenInManyWays) {
  for (const char* text :
       {"{}", R"({"memory": {"limit": -1}})", R"({"memory": {"limit": 0, "swap": -1}})",
        R"({"memory": null, "pids": null})",
        R"({"cpu": {"cpus": "", "idle": 0, "period": 100000}})",
        R"({"memory": {"disableOOMKiller": false, "reservation": 0, "useHierarchy": true}})",
        R"({"blockIO": {"weight": 0, "throttleReadBpsDevice": []}, "rdma": {}})"}) {
    const auto limits = Read(text);
    ASSERT_TRUE(limits) << text;
    EXPECT_EQ(*limits, CgroupLimits{}) << text;
  }
}

TEST(ReadLimitsTest, ALimitThatNobodyWouldKeepIsRefusedByItsName) {
  const std::pair<const char*, const char*> refused[] = {
      {R"({"cpu": {"cpus": "0-1"}})", "linux.resources.cpu.cpus "},
      {R"({"cpu": {"mems": "0"}})", "linux.resources.cpu.mems "},
      {R"({"cpu": {"realtimeRuntime": 950000}})", "linux.resources.cpu.realtimeRuntime "},
      {R"({"cpu": "x"})", "linux.resources.cpu "},
      {R"({"memory": {"reservation": 1048576}})", "linux.resources.memory.reservation "},
      {R"({"memory": {"swap": 1048576}})", "linux.resources.memory.swap "},
      {R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]})",
       "linux.resources.hugepageLimits "},
      {R"({"blockIO": {"weight": 10}})", "linux.resources.blockIO.weight "},
      {R"({"network": {"classID": 1}})", "linux.resources.network.classID "},
      {R"({"rdma": {"mlx5": {"hcaHandles": 3}}})", "linux.resources.rdma.mlx5 "},
      {R"({"unified": {"io.max": "8:0 rbps=1"}})", "linux.resources.unified.io.max "},
      {R"({"invented": {"limit": 1}})", "linux.resources.invented.limit "}};
  for (const auto& [text, name] : refused) {
    for (const auto& limits : {Read(text), ReadNewLimits(text)}) {
      ASSERT_FALSE(limits) << text;
      EXPECT_EQ(limits.error().code, Errc::kUnsupported) << text;
      EXPECT_TRUE(limits.error().message.starts_with(name)) << limits.error().message;
    }
  }
}

TEST(ReadLimitsTest, WhatCannotBeALimitIsRefused) {
  for (const char* text :
       {"[]", R"({"unified": {"memory.high": 1}})", R"({"cpu": {"quota": 9000000000000000000}})"}) {
    EXPECT_EQ(Read(text).error().code, Errc::kInvalidArgument) << text;
  }
}

TEST(ReadNewLimitsTest, WhatIsNamedWithoutALimitLosesItAndTheRestStays) {
  const auto lifted = ReadNewLimits(
      R"({"memory": {"limit": -1}, "cpu": {"quota": -1, "period": 100000}, "pids": {"limit": 0}})");
  ASSERT_TRUE(lifted) << lifted.error().message;
  EXPECT_EQ(*lifted, (CgroupLimits{.memory = CgroupLimits::kAnyMemory,
                                   .cpu_millis = CgroupLimits::kAny,
                                   .pids = CgroupLimits::kAny}));
  const auto other = ReadNewLimits(R"({"cpu": {"shares": 512}})");
  ASSERT_TRUE(other);
  EXPECT_EQ(*other, (CgroupLimits{.memory = {}, .cpu_millis = 0, .pids = 0, .cpu_shares = 512}));
}

TEST_F(OwnGroupTest, AnUpdateIsWrittenToTheGroup) {
  std::filesystem::create_directory(root_ / "pods");
  for (const char* above : {"cgroup.subtree_control", "pods/cgroup.subtree_control"}) {
    EXPECT_TRUE(WriteFileAtomic(root_ / above, ""));
  }
  const GroupPlan plan{.path = "/pods/c1", .limits = {}, .least_memory = {}};
  const auto group = MakeOwnGroup(*groups_, bundle_.path(), plan);
  ASSERT_TRUE(group) << group.error().message;
  const std::filesystem::path at = root_ / "pods/c1";
  for (const char* file : {"memory.max", "pids.max"}) {
    EXPECT_TRUE(WriteFileAtomic(at / file, "max"));
  }
  const auto content = [&at](const char* file) { return ReadFile(at / file, 64_B).value(); };
  EXPECT_TRUE(
      LimitOwnGroup(group->get(), R"({"memory": {"limit": 8388608}, "pids": {"limit": 7}})"));
  EXPECT_EQ(content("memory.max"), "8388608");
  EXPECT_TRUE(LimitOwnGroup(group->get(), R"({"memory": {"limit": -1}})"));
  EXPECT_EQ(content("memory.max"), "max");
  EXPECT_EQ(content("pids.max"), "7");
  EXPECT_TRUE((*group)->Keep());
}

}  // namespace
}  // namespace strata::kube::shim
