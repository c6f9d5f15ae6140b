#include "scheduler/slo_watch.h"

#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using meter::SandboxCame;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class SloWatchTest : public ::testing::Test {
 protected:
  // A window of 200 calls, so many of which were slow or found no sandbox.
  std::optional<SloWatch::Reason> Window(int slow, int unstarted = 0, int busy = 0) {
    for (int i = 0; i < 200; ++i) {
      watch_.Add(milliseconds(i < slow ? 80 : 10), i < busy        ? SandboxCame::kBusy
                                                   : i < unstarted ? SandboxCame::kNone
                                                                   : SandboxCame::kAtOnce);
    }
    now_ += SloWatch::kWindow;
    return watch_.Check(now_);
  }

  TimePoint now_{};
  SloWatch watch_{milliseconds(50), now_};
};

TEST_F(SloWatchTest, ThreeWindowsInARowAreAReason) {
  EXPECT_FALSE(Window(20));
  EXPECT_FALSE(Window(20));
  const auto why = Window(20);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because, "slo.p99_ms is 50, and 10.0 % of its last 200 calls took longer");
}

TEST_F(SloWatchTest, ABurstIsNone) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Window(100));
    EXPECT_FALSE(Window(100));
    EXPECT_FALSE(Window(2));
  }
}

TEST_F(SloWatchTest, AHundredthIsWhatAP99Allows) {
  // 3 of 200 is more than a hundredth, and is not shown to be.
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Window(3));
}

TEST_F(SloWatchTest, WhatCannotBeStartedIsLeftAtOnce) {
  EXPECT_FALSE(Window(0, 90));
  const auto why = Window(0, 200);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->because, HasSubstr("200 of its last 200 calls found no sandbox"));
  EXPECT_FALSE(why->overload) << "however few there were";
}

TEST_F(SloWatchTest, WhereSomeFindASandboxThereAreTooManyCalls) {
  const auto why = Window(0, 101);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->because, HasSubstr("101 of its last 200 calls found no sandbox"));
  ASSERT_TRUE(why->overload);
  EXPECT_DOUBLE_EQ(*why->overload, 200.0 / 5);
}

TEST_F(SloWatchTest, WhereTooManyWaitItIsLoadThoughNoneHasEnded) {
  const auto why = Window(0, 200, 150);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because,
            "200 of its last 200 calls found no sandbox, 150 of them because too many waited");
  ASSERT_TRUE(why->overload);
  EXPECT_DOUBLE_EQ(*why->overload, 200.0 / 5);
  EXPECT_FALSE(Window(0, 200, 50)->overload) << "most could not be started";
}

TEST_F(SloWatchTest, FewCallsSayNothing) {
  for (int i = 0; i < 99; ++i) watch_.Add(milliseconds(80), SandboxCame::kAtOnce);
  EXPECT_FALSE(watch_.Check(now_ + 100 * SloWatch::kWindow));
  watch_.Add(milliseconds(80), SandboxCame::kMade);
  EXPECT_FALSE(watch_.Check(now_ + 100 * SloWatch::kWindow)) << "one window";
}

TEST_F(SloWatchTest, WithoutAnSloOnlyStartingCounts) {
  watch_ = SloWatch(std::nullopt, now_);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Window(200));
  EXPECT_TRUE(Window(0, 200));
}

}  // namespace
}  // namespace strata::scheduler
