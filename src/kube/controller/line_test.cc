#include "kube/controller/line.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

class LineTest : public ::testing::Test {
 protected:
  Loop loop_{1};
  InHand in_hand_{loop_};
  Line line_{in_hand_, seconds(3)};
};

TEST_F(LineTest, EachHasItsTurnBeforeAnyHasAnother) {
  for (const char* key : {"c", "a", "b", "a"}) line_.Add(key);
  EXPECT_EQ(line_.Next(), "a");
  line_.Done("a");
  line_.Add("a");
  EXPECT_EQ(line_.Next(), "b");
  EXPECT_EQ(line_.Next(), "c");
  EXPECT_EQ(line_.Next(), "a");
}

TEST_F(LineTest, WhatIsInHandIsGivenOutByNoLineUntilItIsPutDown) {
  Line other(in_hand_, seconds(3));
  line_.Add("a");
  ASSERT_EQ(line_.Next(), "a");
  line_.Add("a");
  other.Add("a");
  bool given = false;
  Spawn(loop_, [](Line& from, bool& done) -> Awaitable<void> {
    co_await from.Wait();
    done = from.Next() == "a";
  }(other, given));
  loop_.poll();
  EXPECT_FALSE(given);
  line_.Done("a");
  loop_.poll();
  EXPECT_TRUE(given);
  other.Done("a");
  EXPECT_EQ(line_.Next(), "a") << "it became due again meanwhile";
}

TEST_F(LineTest, EachOfThoseThatWaitIsGivenAnotherOne) {
  std::vector<std::string> given;
  for (int i = 0; i < 3; ++i) {
    Spawn(loop_, [](Line& from, std::vector<std::string>& out) -> Awaitable<void> {
      co_await from.Wait();
      out.push_back(from.Next());
    }(line_, given));
  }
  loop_.poll();
  for (const char* key : {"b", "a"}) line_.Add(key);
  loop_.poll();
  EXPECT_THAT(given, ElementsAre("a", "b"));
}

TEST_F(LineTest, PausesGrowToTheLongestAndBeginAnewWhenItWasDone) {
  for (const auto pause : {seconds(1), seconds(2), seconds(3), seconds(3)}) {
    EXPECT_EQ(line_.Failed("a", "1"), pause);
    line_.Retry("a");
    EXPECT_EQ(line_.Next(), "a");
  }
  EXPECT_EQ(line_.Failed("b", "1"), seconds(1)) << "of each its own";
  line_.Done("a");
  EXPECT_EQ(line_.Failed("a", "1"), seconds(1));
}

// Whether it happens while it is tried, or after.
TEST_F(LineTest, WithinItsPauseWhatHasFailedIsLookedAtForAnEditAlone) {
  line_.Add("a", "1");
  ASSERT_EQ(line_.Next(), "a");
  line_.Add("a", "1");
  line_.Add("a");
  ASSERT_EQ(line_.Failed("a", "1"), seconds(1));
  line_.Add("a", "1");
  line_.Add("a");
  line_.Add("b");
  EXPECT_EQ(line_.Next(), "b");
  line_.Add("aa");
  EXPECT_EQ(line_.Next(), "aa") << "and not a";
  line_.Add("a", "2");
  line_.Add("a");
  ASSERT_EQ(line_.Next(), "a");
  line_.Add("a", "3");
  EXPECT_EQ(line_.Failed("a", "2"), std::nullopt);
  EXPECT_EQ(line_.Next(), "a") << "it was edited while it was tried";
}

TEST_F(LineTest, WhatWasDoneHasNoPauseAnyMore) {
  line_.Add("a", "1");
  ASSERT_EQ(line_.Next(), "a");
  ASSERT_EQ(line_.Failed("a", "1"), seconds(1));
  line_.Add("a", "2");
  ASSERT_EQ(line_.Next(), "a");
  line_.Done("a");
  line_.Add("a");
  EXPECT_EQ(line_.Next(), "a");
}

TEST_F(LineTest, WhatIsLookedAtBeforeItsPauseIsOverHasNoSecondOne) {
  EXPECT_EQ(line_.Failed("a", "1"), seconds(1));
  EXPECT_EQ(line_.Failed("a", "1"), std::nullopt);
  line_.Retry("a");
  EXPECT_EQ(line_.Failed("a", "1"), seconds(2));
}

}  // namespace
}  // namespace strata::kube::controller
