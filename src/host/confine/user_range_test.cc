#include "host/confine/user_range.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

class UserRangeTest : public ::testing::Test {
 protected:
  UserRangeTest() {
    fs::create_directory(etc_);
    fs::create_directory(proc_);
  }
  Result<std::shared_ptr<const UserRange>> Take(const std::string& holder) {
    return UserRange::Take(holder, root_ / "users.lock", etc_, proc_);
  }
  std::uint32_t FirstFor(const std::string& holder) { return Take(holder).value()->first(); }
  void Write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  const strata::testing::TempDir root_;
  const fs::path etc_ = root_ / "etc";
  const fs::path proc_ = root_ / "proc";
};

TEST_F(UserRangeTest, AHolderThatComesAgainGetsTheSameRange) {
  const std::uint32_t first = FirstFor("shop");
  EXPECT_EQ(FirstFor("shop"), first);
  EXPECT_GE(first, UserRange::kLowest);
  EXPECT_LE(first + UserRange::kSize, 2'000'000'000U);
  EXPECT_EQ((first - UserRange::kLowest) % UserRange::kSize, 0U);
}

TEST_F(UserRangeTest, TwoHoldersNeverHaveTheSameRange) {
  const auto one = Take("shop");
  const auto other = Take("shop");
  ASSERT_TRUE(one && other);
  EXPECT_NE((*one)->first(), (*other)->first());
}

TEST_F(UserRangeTest, WhatTheHostGivesToOthersIsPassedOver) {
  const std::uint32_t first = FirstFor("shop");
  const std::string inside = std::to_string(first + 5);
  Write(etc_ / "passwd", "root:x:0:0::/:/bin/sh\nann:x:" + inside + ":100::/:/bin/sh\n");
  EXPECT_NE(FirstFor("shop"), first);
  Write(etc_ / "passwd", "ann:x:1000:" + inside + "::/:/bin/sh");
  EXPECT_NE(FirstFor("shop"), first);
  Write(etc_ / "passwd", "nonsense\n::::\nann:x:99999999999999999999:1\n");
  EXPECT_EQ(FirstFor("shop"), first);
  Write(etc_ / "group", "staff:x:" + inside + ":\n");
  EXPECT_NE(FirstFor("shop"), first);
  Write(etc_ / "group", "");
  Write(etc_ / "subuid", "ann:" + std::to_string(first - 10) + ":10\n");
  EXPECT_EQ(FirstFor("shop"), first);
  Write(etc_ / "subgid", "ann:" + std::to_string(first - 10) + ":11\n");
  EXPECT_NE(FirstFor("shop"), first);
}

TEST_F(UserRangeTest, ARangeThatAKilledHoldersGuestsRunInIsPassedOver) {
  const std::uint32_t first = FirstFor("shop");
  const std::string inside = std::to_string(first + 1000);
  Write(proc_ / "17/status", "Name:\tx\nUid:\t" + inside + "\t" + inside + "\t0\t0\nGid:\t0\t0\n");
  EXPECT_NE(FirstFor("shop"), first);
  Write(proc_ / "17/status", "Name:\tx\nUid:\t0\t0\t0\t0\nGid:\t" + inside + "\t0\t0\t0\n");
  EXPECT_NE(FirstFor("shop"), first);
  Write(proc_ / "17/status", "Name:\tx\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
  EXPECT_EQ(FirstFor("shop"), first);
}

TEST_F(UserRangeTest, WhoCannotSeeWhatRunsTakesNone) {
  fs::remove_all(proc_);
  EXPECT_EQ(Take("shop").error().code, Errc::kNotFound);
  Write(proc_, "no directory");
  EXPECT_FALSE(Take("shop"));
}

TEST_F(UserRangeTest, ALockFileThatIsALinkIsNotFollowed) {
  fs::create_symlink(root_ / "elsewhere", root_ / "users.lock");
  EXPECT_FALSE(Take("shop"));
  EXPECT_FALSE(fs::exists(root_ / "elsewhere"));
}

}  // namespace
}  // namespace strata::host
