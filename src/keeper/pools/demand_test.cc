#include "keeper/pools/demand.h"

#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class DemandTest : public ::testing::Test {
 protected:
  void Call(Demand& demand, Duration time) {
    demand.OnBegin(clock_.Now());
    clock_.Advance(time);
    demand.OnEnd(clock_.Now());
  }

  ManualClock clock_;
};

TEST_F(DemandTest, WithoutCallsAsManyWaitAsTheManifestSays) {
  EXPECT_EQ(Demand({}).Wanted(clock_.Now()), 0U);
  const Demand three({.min = 3});
  EXPECT_EQ(three.Wanted(clock_.Now()), 3U);
  EXPECT_EQ(three.NextChange(clock_.Now()), std::nullopt);
}

TEST_F(DemandTest, AfterACallOneWaitsForAsLongAsTheManifestSays) {
  Demand demand({.keep_alive = seconds(90)});
  Call(demand, seconds(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 1U);
  EXPECT_EQ(demand.NextChange(clock_.Now()), clock_.Now() + seconds(90));
  clock_.Advance(seconds(90) - milliseconds(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 1U);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 0U);
  EXPECT_EQ(demand.NextChange(clock_.Now()), std::nullopt);
}

TEST_F(DemandTest, HowLongOneWaitsFollowsThePriceOfAWait) {
  const auto stays = [this](double wait) {
    Demand demand({}, {.wait = wait});
    demand.Learn(Bytes::MiB(100), milliseconds(20));
    for (int i = 0; i < 100; ++i) {  // every ten seconds
      Call(demand, milliseconds(1));
      clock_.Advance(seconds(10));
    }
    return demand.Wanted(clock_.Now());
  };
  EXPECT_EQ(stays(1e-4), 1U);
  EXPECT_EQ(stays(0), 0U) << "ten seconds of 100 MiB cost more than 20 ms of a processor";
}

TEST_F(DemandTest, TheNextOneIsMadeWhileACallRuns) {
  Demand demand({.keep_alive = minutes(1)});
  Call(demand, seconds(1));
  demand.OnBegin(clock_.Now());
  EXPECT_EQ(demand.Wanted(clock_.Now()), 1U);
  // A call that goes on for long does not keep another waiting for ever.
  clock_.Advance(minutes(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 0U);
}

TEST_F(DemandTest, CallsAtOnceWantAsManyUpToTheMost) {
  Demand demand({.max = 3, .keep_alive = minutes(1)});
  for (int i = 0; i < 5; ++i) demand.OnBegin(clock_.Now());
  for (int i = 0; i < 5; ++i) demand.OnEnd(clock_.Now());
  EXPECT_EQ(demand.Wanted(clock_.Now()), 3U);
}

TEST_F(DemandTest, NoKeepAliveWantsNone) {
  Demand demand({.keep_alive = milliseconds(0)});
  Call(demand, seconds(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 0U);
}

// A call every ten minutes: none waits right after one, and one is there before the next.
TEST_F(DemandTest, OneIsMadeBeforeACallThatComesRegularly) {
  Demand demand({});
  demand.Learn(Bytes::MiB(256), milliseconds(100));
  for (int i = 0; i < 20; ++i) {
    Call(demand, seconds(1));
    clock_.Advance(minutes(10));
  }
  EXPECT_EQ(demand.Wanted(clock_.Now()), 1U);
  Call(demand, seconds(1));
  EXPECT_EQ(demand.Wanted(clock_.Now()), 0U);
  const auto next = demand.NextChange(clock_.Now());
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, clock_.Now() + minutes(5));
  EXPECT_LT(*next, clock_.Now() + minutes(10));
}

// What it costs to keep is weighed against the wait.
TEST_F(DemandTest, WhatHoldsMuchMemoryWaitsForLessLong) {
  Demand small({});
  Demand large({});
  small.Learn(Bytes::MiB(16), milliseconds(100));
  large.Learn(Bytes::MiB(1024), milliseconds(100));
  Call(small, seconds(1));
  Call(large, seconds(1));
  EXPECT_GT(*small.NextChange(clock_.Now()), *large.NextChange(clock_.Now()));
}

TEST_F(DemandTest, WhatMemoryCostsDecidesHowLongOneIsKept) {
  const auto kept = [this](double gib_hour) {
    Demand demand({}, {.gib_hour = gib_hour});
    demand.Learn(Bytes::MiB(256), seconds(1));
    for (int i = 0; i < 3; ++i) Call(demand, seconds(1));
    const auto change = demand.NextChange(clock_.Now());
    return change ? *change - clock_.Now() : Duration::zero();
  };
  const Duration usual = kept(0.004445);
  EXPECT_GT(usual, Duration::zero());
  EXPECT_LT(kept(4.445), usual);
  EXPECT_GE(kept(0), usual) << "memory for nothing";
}

}  // namespace
}  // namespace strata::keeper
