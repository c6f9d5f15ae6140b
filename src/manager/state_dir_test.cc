#include "manager/state_dir.h"

#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::manager {
namespace {

namespace fs = std::filesystem;

class StateDirTest : public ::testing::Test {
 protected:
  const testing::TempDir root_;
};

TEST_F(StateDirTest, MakesPrivateFolders) {
  auto dir = StateDir::Open(root_ / "home");
  ASSERT_TRUE(dir.has_value()) << dir.error().message;
  struct stat found{};
  ASSERT_EQ(::stat(dir->keys().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
}

TEST_F(StateDirTest, OneOwnerAtATime) {
  auto first = StateDir::Open(root_ / "home");
  ASSERT_TRUE(first.has_value());
  auto second = StateDir::Open(root_ / "home");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(StateDirTest, TheLockGoesWithItsOwner) {
  {
    ASSERT_TRUE(StateDir::Open(root_ / "home").has_value());
  }
  EXPECT_TRUE(StateDir::Open(root_ / "home").has_value());
}

TEST_F(StateDirTest, RefusesPathsThatCannotHoldSockets) {
  EXPECT_EQ(StateDir::Open("relative").error().code, Errc::kInvalidArgument);
  const auto longest = StateDir::Open(root_ / std::string(90, 'x'));
  ASSERT_FALSE(longest.has_value());
  EXPECT_EQ(longest.error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(fs::is_empty(root_.path()));
}

}  // namespace
}  // namespace strata::manager
