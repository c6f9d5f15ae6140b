#include "base/lines/standing_line.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace strata {
namespace {

using std::chrono::milliseconds;
using Names = std::vector<std::string>;
enum class Rank : std::uint8_t { kLow, kNormal, kHigh };

class StandingLineTest : public ::testing::Test {
 protected:
  void Join(Rank rank, const std::string& name) { line_.Join(rank, name, clock_.Now()); }
  Names Shed() { return line_.Shed(clock_.Now()); }

  ManualClock clock_;
  StandingLine<std::string, Rank, 3> line_{8};
};

TEST_F(StandingLineTest, WhoWaitsTooLongInALineThatStandsIsRefused) {
  for (const char* const name : {"first", "second"}) Join(Rank::kNormal, name);
  clock_.Advance(kLineStands);
  Join(Rank::kNormal, "third");
  EXPECT_EQ(Shed(), Names{}) << "it has not stood long enough";
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Shed(), (Names{"first", "second"}));
  EXPECT_EQ(line_.Take(), "third");
}

TEST_F(StandingLineTest, ALineThatWasEmptyMeanwhileDoesNotStand) {
  Join(Rank::kNormal, "first");
  clock_.Advance(kLineStands);
  line_.Take();
  Join(Rank::kNormal, "second");
  Join(Rank::kNormal, "third");
  clock_.Advance(kLineStands);
  EXPECT_EQ(Shed(), Names{});
}

TEST_F(StandingLineTest, SomebodyIsAlwaysLeftToBeServed) {
  Join(Rank::kNormal, "older");
  Join(Rank::kNormal, "younger");
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Shed(), Names{"older"});
  EXPECT_EQ(Shed(), Names{});
  EXPECT_EQ(line_.front(), "younger");
}

TEST_F(StandingLineTest, NoLowerRankGoesBeforeAHigherOneForBeingYounger) {
  Join(Rank::kHigh, "old and high");
  Join(Rank::kLow, "old and low");
  clock_.Advance(std::chrono::seconds(1));
  Join(Rank::kLow, "young and low");
  EXPECT_EQ(Shed(), Names{"old and low"});
  EXPECT_EQ(line_.Take(), "old and high");
  EXPECT_EQ(line_.Take(), "young and low");
}

TEST_F(StandingLineTest, WhereServingTakesLongerItIsMorePatient) {
  line_.Served(4 * kWaitsTooLong);
  Join(Rank::kNormal, "first");
  clock_.Advance(4 * kLineStands - milliseconds(200));
  Join(Rank::kNormal, "second");
  clock_.Advance(milliseconds(200));
  EXPECT_EQ(Shed(), Names{});
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Shed(), Names{"first"});
}

TEST(HeldTimeTest, LongOnesCountForAsLongAsTheyTake) {
  HeldTime held;
  EXPECT_EQ(held.value(), Duration::zero());
  for (int i = 0; i < 10; ++i) held.Add(milliseconds(100));
  EXPECT_NEAR(static_cast<double>(held.value() / milliseconds(1)), 100, 1);
  // Of ten places that are taken at any moment the long one has about half of the time.
  for (int i = 0; i < 50; ++i) {
    for (int j = 0; j < 9; ++j) held.Add(milliseconds(100));
    held.Add(milliseconds(900));
  }
  EXPECT_NEAR(static_cast<double>(held.value() / milliseconds(1)), 500, 50);
}

TEST_F(StandingLineTest, WhatCouldNotBeServedForAnotherReasonDoesNotCount) {
  Join(Rank::kNormal, "first");
  Join(Rank::kNormal, "second");
  clock_.Advance(std::chrono::hours(1));
  line_.BeginAnew(clock_.Now());
  EXPECT_EQ(Shed(), Names{});
}

TEST_F(StandingLineTest, WhoLeavesIsNotShed) {
  const auto place = line_.Join(Rank::kNormal, "gone", clock_.Now());
  Join(Rank::kNormal, "stays");
  line_.Leave(place);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Shed(), Names{});
  EXPECT_EQ(line_.size(), 1U);
}

}  // namespace
}  // namespace strata
