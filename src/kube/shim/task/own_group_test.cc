#include "kube/shim/task/own_group.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::kube::shim {
namespace {

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

}  // namespace
}  // namespace strata::kube::shim
