#include "measure/kinds.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "measure/testing_place.h"

namespace strata::measure {
namespace {

class KindsTest : public testing::Test {
 protected:
  double Find(const Result<Samples>& samples, std::string_view row) {
    if (!samples) return -1;
    for (const Sample& each : *samples) {
      if (each.row == row) return each.value;
    }
    return -1;
  }

  ManualClock clock_;
  TestingPlace place_{"wasm", clock_};
};

TEST_F(KindsTest, AStartIsADeploymentFromNothingAndItsFirstCall) {
  const auto samples = kStarts.measure(place_, Depth::kQuick);
  EXPECT_EQ(Find(samples, "cold_start"), 2);
  EXPECT_EQ(Find(samples, "memory"), 3);
  EXPECT_GE(Find(samples, "warm_up"), 0);
  EXPECT_EQ(place_.asked, (std::vector<std::string>{"remove", "deploy hello", "call hello/"}));
}

TEST_F(KindsTest, AFullRunHasStartsEnoughForTheContracts) {
  const auto samples = kStarts.measure(place_, Depth::kFull);
  ASSERT_TRUE(samples.has_value());
  const auto starts = std::ranges::count(*samples, "cold_start", &Sample::row);
  EXPECT_EQ(starts, 16);
  EXPECT_GE(starts * kStarts.full_turns, 299U);
  place_.failures = 1;
  EXPECT_FALSE(kStarts.measure(place_, Depth::kFull).has_value());
}

TEST_F(KindsTest, ATurnOfCallsIsBoundedByTheirNumber) {
  const auto samples = kCalls.measure(place_, Depth::kQuick);
  ASSERT_TRUE(samples.has_value());
  EXPECT_EQ(samples->size(), 101U);
  EXPECT_EQ(Find(samples, "call_cpu"), 12);
}

TEST_F(KindsTest, WhatACallCostsIsTheDifferenceOfBeforeAndAfter) {
  const auto samples = kCompute.measure(place_, Depth::kQuick);
  EXPECT_EQ(Find(samples, "compute"), 10);
  EXPECT_EQ(Find(samples, "compute_cpu"), 12);
}

TEST_F(KindsTest, DensityIsTheLastNumberWithinTheBound) {
  const auto samples = kDensity.measure(place_, Depth::kQuick);  // 16 take 160 MiB of 128
  EXPECT_EQ(Find(samples, "density"), 8);
  EXPECT_EQ(Find(samples, "instance_memory"), 10);
  EXPECT_EQ(std::ranges::count(*samples, "instance_memory", &Sample::row), 8) << "of each";
  EXPECT_EQ(place_.running, 0U) << "they are ended";
}

TEST_F(KindsTest, SandboxesThatAreNoProcessesAreMany) {
  TestingPlace container{"container", clock_};
  for (TestingPlace* place : {&place_, &container}) {
    place->mib_each = 0.01;
    place->most_servers = 5000;
  }
  EXPECT_EQ(Find(kDensity.measure(place_, Depth::kQuick), "density"), 1024);
  EXPECT_EQ(Find(kDensity.measure(container, Depth::kQuick), "density"), 32);
  EXPECT_EQ(Find(kDensity.measure(container, Depth::kFull), "density"), 256);
}

TEST_F(KindsTest, DensityEndsWhereNoMoreCanBeStarted) {
  place_.most_servers = 3;
  EXPECT_EQ(Find(kDensity.measure(place_, Depth::kQuick), "density"), 2);
  place_.most_servers = 0;
  const auto none = kDensity.measure(place_, Depth::kQuick);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().message, "no more servers");
}

TEST_F(KindsTest, ServersThatFailAreNoDensity) {
  TestingPlace container{"container", clock_};
  for (TestingPlace* place : {&place_, &container}) {
    place->most_servers = 3;
    place->no_more = Errc::kUnavailable;
    const auto none = kDensity.measure(*place, Depth::kQuick);
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().message, "no more servers");
    EXPECT_EQ(place->running, 0U) << "they are ended all the same";
  }
}

TEST_F(KindsTest, OneServerThatIsAboveTheBoundIsShownAllTheSame) {
  place_.mib_each = 200;
  EXPECT_EQ(Find(kDensity.measure(place_, Depth::kQuick), "density"), 1);
  EXPECT_EQ(Find(kDensity.measure(place_, Depth::kQuick), "instance_memory"), 200);
}

TEST_F(KindsTest, AKernelWithoutACallIsLackingIt) {
  place_.body = "lacking io_uring_setup: Operation not permitted\n";
  const auto samples = kUring.measure(place_, Depth::kQuick);
  ASSERT_FALSE(samples.has_value());
  EXPECT_EQ(samples.error().code, Errc::kUnsupported);
  EXPECT_EQ(samples.error().message, "io_uring_setup: Operation not permitted");
}

TEST_F(KindsTest, AnAnswerWithoutTheNumberIsRefused) {
  place_.body = "epoll_ready 10\n";
  EXPECT_FALSE(kEpoll.measure(place_, Depth::kQuick).has_value());
}

TEST_F(KindsTest, TheBatteryIsCountedAndNotPartOfAQuickRun) {
  const auto samples = kBattery.measure(place_, Depth::kFull);
  EXPECT_EQ(Find(samples, "escapes"), 1);
  EXPECT_EQ(Find(samples, "attempts"), 110);
  EXPECT_EQ(kBattery.quick_turns, 0U);
}

TEST(ReadAnswerTest, OnlyLinesOfANameAndANumberAreRead) {
  const auto read = ReadAnswer("a 1\nb 2.5e3\n");
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(1), (std::pair<std::string, double>{"b", 2500}));
  for (const char* wrong : {"a", "a b", "a 1 2", "a nan", "a -1", "\n", "a 1\n\n", "a 1e99"}) {
    EXPECT_FALSE(ReadAnswer(wrong).has_value()) << wrong;
  }
  const std::string hostile = "\x1b[2J" + std::string(10'000, 'x');
  const auto refused = ReadAnswer(hostile);
  ASSERT_FALSE(refused.has_value());
  EXPECT_LT(refused.error().message.size(), 300U);
  EXPECT_EQ(refused.error().message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace strata::measure
