#include "kube/controller/line.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

using std::chrono::seconds;

class LineTest : public ::testing::Test {
 protected:
  Loop loop_{1};
  Line line_{loop_, seconds(3)};
};

TEST_F(LineTest, EachHasItsTurnBeforeAnyHasAnother) {
  for (const char* key : {"c", "a", "b", "a"}) line_.Add(key);
  EXPECT_EQ(line_.Next(), "a");
  line_.Add("a");
  EXPECT_EQ(line_.Next(), "b");
  EXPECT_EQ(line_.Next(), "c");
  EXPECT_EQ(line_.Next(), "a");
}

TEST_F(LineTest, PausesGrowToTheLongestAndBeginAnewWhenItWasDone) {
  for (const auto pause : {seconds(1), seconds(2), seconds(3), seconds(3)}) {
    EXPECT_EQ(line_.Failed("a"), pause);
    line_.Retry("a");
    EXPECT_EQ(line_.Next(), "a");
  }
  EXPECT_EQ(line_.Failed("b"), seconds(1)) << "of each its own";
  line_.Done("a");
  EXPECT_EQ(line_.Failed("a"), seconds(1));
}

TEST_F(LineTest, WhatIsLookedAtBeforeItsPauseIsOverHasNoSecondOne) {
  EXPECT_EQ(line_.Failed("a"), seconds(1));
  EXPECT_EQ(line_.Failed("a"), std::nullopt);
  line_.Retry("a");
  EXPECT_EQ(line_.Failed("a"), seconds(2));
}

}  // namespace
}  // namespace strata::kube::controller
