#include "sandbox/container/driver.h"

#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "host/confine/user_range.h"

namespace strata::sandbox::container {
namespace {

// A host that answers as the test says, in turn, whatever is asked of it.
class ChooseUsersTest : public ::testing::Test {
 protected:
  Result<oci::Config> Choose(const std::vector<Result<void>>& answers) {
    oci::Config config;
    config.users =
        host::UserRange::Take("test", root_ / "lock", root_.path(), root_.path()).value();
    return ChooseUsers(config, [&](const oci::Config& with) -> Result<oci::Config> {
      const auto& answer = answers.at(with_users_.size());
      with_users_.push_back(with.users != nullptr);
      if (!answer) return std::unexpected(answer.error());
      return with;
    });
  }

  const Result<void> works_;
  const Result<void> cannot_ = Fail(Errc::kUnsupported, "no such thing");
  const Result<void> slow_ = Fail(Errc::kDeadlineExceeded, "slow");
  std::vector<bool> with_users_;  // what was asked
  const strata::testing::TempDir root_;
};

TEST_F(ChooseUsersTest, WhatWorksWithUsersHasThem) {
  const auto chosen = Choose({works_});
  ASSERT_TRUE(chosen.has_value());
  EXPECT_TRUE(chosen->users);
}

TEST_F(ChooseUsersTest, AHostThatCannotIsAskedAgainOnceItIsSeenToBeWell) {
  const auto chosen = Choose({cannot_, works_, cannot_});
  ASSERT_TRUE(chosen.has_value());
  EXPECT_FALSE(chosen->users);
  EXPECT_EQ(chosen->without_users, "no such thing");
  EXPECT_EQ(with_users_, (std::vector<bool>{true, false, true}));
}

TEST_F(ChooseUsersTest, AComplaintOfAMomentCostsNoUsers) {
  const auto chosen = Choose({cannot_, works_, works_});
  ASSERT_TRUE(chosen.has_value());
  EXPECT_TRUE(chosen->users);
  EXPECT_EQ(chosen->without_users, "");
}

TEST_F(ChooseUsersTest, WhereNothingWorksThatIsSaidAndNoUsersAreGivenUp) {
  EXPECT_EQ(Choose({slow_}).error().code, Errc::kDeadlineExceeded);
  with_users_.clear();
  EXPECT_EQ(Choose({cannot_, slow_}).error().code, Errc::kDeadlineExceeded);
  with_users_.clear();
  EXPECT_EQ(Choose({cannot_, works_, slow_}).error().code, Errc::kDeadlineExceeded);
}

}  // namespace
}  // namespace strata::sandbox::container
