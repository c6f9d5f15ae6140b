#include "scheduler/moving/overflow.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using std::chrono::seconds;

TEST(OverflowTest, AClassKeepsWhatItServesWithoutWaiting) {
  EXPECT_EQ(KeptPercent(100, 50), 35U);
  EXPECT_EQ(KeptPercent(100, 99), 69U);
  EXPECT_EQ(KeptPercent(100, 1000), 99U) << "something has to go";
}

TEST(OverflowTest, NextToNothingIsNotKept) {
  EXPECT_EQ(KeptPercent(100, 15), 10U);
  EXPECT_EQ(KeptPercent(100, 14), 0U);
  EXPECT_EQ(KeptPercent(100, 0), 0U);
  EXPECT_EQ(KeptPercent(0, 0), 0U);
}

class CalmTest : public ::testing::Test {
 protected:
  // Windows of so many calls a second; how many passed until it was calm for long enough, or 0.
  int Windows(int count, int rate) {
    for (int i = 1; i <= count; ++i) {
      for (int call = 0; call < 5 * rate; ++call) calm_.Add();
      now_ += seconds(5);
      if (calm_.Check(now_)) return i;
    }
    return 0;
  }

  TimePoint now_{};
  Calm calm_{100, Calm::kShort, now_};
};

TEST_F(CalmTest, WhatTheClassKeepsOfAllIsCalm) {
  EXPECT_EQ(Windows(100, 71), 0);
  EXPECT_EQ(Windows(100, 70), 6) << "half a minute";
}

TEST_F(CalmTest, ABurstBeginsTheTimeAnew) {
  EXPECT_EQ(Windows(5, 10), 0);
  EXPECT_EQ(Windows(1, 200), 0);
  EXPECT_EQ(Windows(100, 10), 6);
}

TEST_F(CalmTest, NobodyIsCalm) { EXPECT_EQ(Windows(100, 0), 6); }

}  // namespace
}  // namespace strata::scheduler
