#include "kube/shim/task/root_mounts.h"

#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::kube::shim {
namespace {

namespace fs = std::filesystem;

TEST(ReadOptionsTest, WhatTheKernelKnowsBecomesFlagsAndTheRestData) {
  const MountFlags how =
      ReadOptions({.type = "overlay", .options = {"ro", "nosuid", "lowerdir=/a:/b", "index=off"}});
  EXPECT_EQ(how.flags, static_cast<unsigned long>(MS_RDONLY | MS_NOSUID));
  EXPECT_EQ(how.data, "lowerdir=/a:/b,index=off");
  EXPECT_FALSE(how.bind);
}

TEST(ReadOptionsTest, TheLastWordCounts) {
  EXPECT_EQ(ReadOptions({.options = {"ro", "rw"}}).flags, 0);
  EXPECT_TRUE(ReadOptions({.options = {"rbind"}}).bind);
}

class RootMountsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may mount";
    fs::create_directories(source_ / "inside");
  }
  void TearDown() override { UnmountRoot(target_); }

  const strata::testing::TempDir dir_;
  const fs::path source_ = dir_.path() / "source";
  const fs::path target_ = dir_.path() / "rootfs";
};

TEST_F(RootMountsTest, ABoundRootIsSeenUntilItIsUnmounted) {
  const auto mounted =
      MountRoot({{.type = "bind", .source = source_, .options = {"rbind", "ro"}}}, target_);
  ASSERT_TRUE(mounted) << mounted.error().message;
  EXPECT_TRUE(fs::exists(target_ / "inside"));
  std::error_code failed;
  fs::create_directory(target_ / "new", failed);
  EXPECT_EQ(failed, std::errc::read_only_file_system);
  UnmountRoot(target_);
  EXPECT_TRUE(fs::is_empty(target_));
}

TEST_F(RootMountsTest, AFailureLeavesNothingMounted) {
  const auto mounted =
      MountRoot({{.type = "bind", .source = source_, .options = {"bind"}},
                 {.type = "bind", .source = dir_.path() / "missing", .options = {"bind"}}},
                target_);
  ASSERT_FALSE(mounted);
  EXPECT_EQ(mounted.error().code, Errc::kNotFound);
  EXPECT_TRUE(fs::is_empty(target_));
}

TEST_F(RootMountsTest, AHundredLayersWithLongNamesAreMounted) {
  const fs::path layers = dir_.path() / std::string(100, 'l');
  std::string lower = "lowerdir=";
  for (int i = 0; i < 100; ++i) {
    const fs::path layer = layers / std::to_string(i) / "fs";
    fs::create_directories(layer / std::to_string(i));
    lower += (i == 0 ? "" : ":") + layer.string();
  }
  const auto mounted =
      MountRoot({{.type = "overlay", .source = "overlay", .options = {"ro", lower}}}, target_);
  ASSERT_TRUE(mounted) << mounted.error().message;
  EXPECT_TRUE(fs::exists(target_ / "0"));
  EXPECT_TRUE(fs::exists(target_ / "99"));
  EXPECT_NE(fs::current_path(), layers) << "the process is where it was";
}

TEST_F(RootMountsTest, TooManyLayersAreRefused) {
  const auto mounted = MountRoot(
      {{.type = "overlay", .source = "overlay", .options = {"lowerdir=" + std::string(5000, 'x')}}},
      target_);
  ASSERT_FALSE(mounted);
  EXPECT_EQ(mounted.error().code, Errc::kUnsupported);
}

}  // namespace
}  // namespace strata::kube::shim
