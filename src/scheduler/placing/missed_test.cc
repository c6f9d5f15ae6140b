#include "scheduler/placing/missed.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using std::chrono::milliseconds;

class MissedTest : public ::testing::Test {
 protected:
  void Learn(int calls, CallSeen call) {
    for (int i = 0; i < calls; ++i) learned_.Learn(call);
  }

  Learned learned_;
};

TEST_F(MissedTest, ABoundThatCallsAreShownToMissIsSaid) {
  model::Slo slo{.p99 = milliseconds(200)};
  EXPECT_EQ(Missed(learned_, slo), "");
  Learn(297, {.service_ms = 20});
  Learn(3, {.service_ms = 700});
  EXPECT_EQ(Missed(learned_, slo), "") << "a hundredth may";
  Learn(100, {.service_ms = 700});
  EXPECT_EQ(Missed(learned_, slo), "slo.p99_ms is 200, missed by 25.8 % of 400 calls so far");
  EXPECT_EQ(Missed(learned_, {}), "") << "nothing is bounded";
}

TEST_F(MissedTest, OneSlowCallShowsNothing) {
  Learn(1, {.service_ms = 20});
  Learn(1, {.service_ms = 700});
  EXPECT_EQ(Missed(learned_, {.p99 = milliseconds(500)}), "");
  Learn(3, {.service_ms = 20});
  EXPECT_EQ(Missed(learned_, {.p99 = milliseconds(500), .cold_start = milliseconds(1)}), "")
      << "no call waited for its sandbox";
}

TEST_F(MissedTest, WhatARevisionBeganWithIsNotHeldAgainstIt) {
  model::Slo slo{.p99 = milliseconds(200), .cold_start = milliseconds(100)};
  slo.availability = 990'000;
  Learn(500, {.service_ms = 700, .cold = true});
  Learn(500, {.failed = true});
  ASSERT_NE(Missed(learned_, slo), "");
  learned_ = learned_.Successor();
  EXPECT_EQ(Missed(learned_, slo), "") << "it made no call yet";
  Learn(1, {.service_ms = 20, .cold = true});
  EXPECT_EQ(Missed(learned_, slo), "");
  Learn(99, {.service_ms = 700});
  EXPECT_EQ(Missed(learned_, slo), "slo.p99_ms is 200, missed by 99 % of 100 calls so far");
  EXPECT_EQ(Missed(*Learned::Decode(learned_.Encode()), slo), Missed(learned_, slo));
}

TEST_F(MissedTest, FailuresOfTheRevisionBeforeAreNotHeldAgainstTheNext) {
  model::Slo slo;
  slo.availability = 990'000;
  Learn(100, {.failed = true});
  ASSERT_NE(Missed(learned_, slo), "");
  learned_ = learned_.Successor();
  Learn(4, {.service_ms = 20});
  EXPECT_EQ(Missed(learned_, slo), "");
  Learn(4, {.failed = true});
  EXPECT_EQ(Missed(learned_, slo), "slo.availability is 99, and of 8 calls so far 50 % failed");
}

TEST_F(MissedTest, AStartIsOfThoseThatWaitedForIt) {
  Learn(1000, {.service_ms = 5});
  Learn(10, {.start_ms = 80, .service_ms = 5, .cold = true});
  EXPECT_EQ(Missed(learned_, {.p99 = milliseconds(200), .cold_start = milliseconds(50)}),
            "slo.cold_start_ms is 50, missed by 100 % of 10 calls that waited so far");
}

TEST_F(MissedTest, AvailabilityIsOfSandboxesAndOfEnoughCalls) {
  model::Slo slo;
  slo.availability = 990'000;
  Learn(3, {.service_ms = 5});
  Learn(1, {.failed = true});
  EXPECT_EQ(Missed(learned_, slo), "slo.availability is 99, and of 4 calls so far 25 % failed");
  Learn(996, {.service_ms = 5});
  EXPECT_EQ(Missed(learned_, slo), "");
  Learn(100, {.failed = true, .program = true});
  EXPECT_EQ(Missed(learned_, slo), "") << "no class mends that";
}

}  // namespace
}  // namespace strata::scheduler
