#include "measure/run.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "measure/testing_place.h"

namespace strata::measure {
namespace {

class RunTest : public testing::Test {
 protected:
  Result<std::vector<Series>> Go(RunOptions options = {}) {
    if (options.budget == Duration{}) options.budget = std::chrono::hours(1);
    const std::vector<Place*> places{&wasm_, &process_};
    return measure::Run(places, clock_, options);
  }
  static const Series& Of(const std::vector<Series>& rows, std::string_view row,
                          std::string_view in) {
    return *std::ranges::find_if(
        rows, [&](const Series& each) { return each.row == row && each.in == in; });
  }

  ManualClock clock_;
  TestingPlace wasm_{"wasm", clock_};
  TestingPlace process_{"process", clock_};
};

TEST_F(RunTest, EveryPlaceHasEveryRowOrItsReason) {
  const auto rows = Go({.depth = Depth::kQuick});
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(Of(*rows, "cold_start", "wasm").samples.size(), kStarts.quick_turns);
  EXPECT_EQ(Of(*rows, "compute", "process").samples.size(), kCompute.quick_turns);
  EXPECT_EQ(Of(*rows, "warm_start", "wasm").samples.size(), 100U * kCalls.quick_turns);
  EXPECT_EQ(Of(*rows, "prewarmed_call", "wasm").lacking, "nothing waits here");
  EXPECT_EQ(Of(*rows, "escapes", "wasm").lacking, "is not part of a --quick run");
  for (const Series& each : *rows) {
    EXPECT_TRUE(!each.samples.empty() || !each.lacking.empty()) << each.row;
    EXPECT_FALSE(each.unit.empty()) << each.row;
  }
}

TEST_F(RunTest, PlacesTakeTurns) {
  std::vector<std::string> order;
  RunOptions options{.depth = Depth::kQuick};
  options.on_progress = [&](const Progress& progress) {
    const std::string at = std::to_string(progress.turn) + std::string(progress.in);
    if (order.empty() || order.back() != at) order.push_back(at);
  };
  ASSERT_TRUE(Go(options).has_value());
  ASSERT_GE(order.size(), 4U);
  EXPECT_EQ(std::vector(order.begin(), order.begin() + 4),
            (std::vector<std::string>{"1wasm", "1process", "2process", "2wasm"}));
}

TEST_F(RunTest, NothingBeginsThatWouldNotEndInTime) {
  wasm_.call_takes = std::chrono::seconds(10);
  const TimePoint start = clock_.Now();
  const auto rows = Go({.depth = Depth::kFull, .budget = std::chrono::seconds(1200)});
  ASSERT_TRUE(rows.has_value());
  // The first turn of each kind cannot be foreseen; one of calls takes 1000 s.
  EXPECT_LE(clock_.Now() - start, std::chrono::seconds(1200));
  EXPECT_EQ(Of(*rows, "warm_start", "wasm").samples.size(), 100U);
  EXPECT_GT(Of(*rows, "cold_start", "wasm").samples.size(), 1U);
}

TEST_F(RunTest, APlaceThatCannotRunAnythingSaysWhy) {
  wasm_.lacking = "no engine";
  const auto rows = Go({.depth = Depth::kQuick});
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(Of(*rows, "cold_start", "wasm").lacking, "no engine");
  EXPECT_TRUE(Of(*rows, "cold_start", "wasm").samples.empty());
  EXPECT_FALSE(Of(*rows, "cold_start", "process").samples.empty());
}

TEST_F(RunTest, AFailureIsTriedAgainAndSaid) {
  wasm_.failures = 2;
  const auto rows = Go({.depth = Depth::kQuick});
  ASSERT_TRUE(rows.has_value());
  // The first turn of starts and of calls failed.
  EXPECT_EQ(Of(*rows, "cold_start", "wasm").samples.size(), kStarts.quick_turns - 1);
  EXPECT_EQ(Of(*rows, "cold_start", "wasm").lacking, "a turn failed: no sandbox");
  EXPECT_EQ(Of(*rows, "compute", "wasm").lacking, "");
  wasm_.failures = 1'000'000;
  const auto none = Go({.depth = Depth::kQuick});
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(Of(*none, "compute", "wasm").samples.empty());
  EXPECT_EQ(1'000'000 - wasm_.failures, 3 * 5) << "five kinds call, each three times";
}

TEST_F(RunTest, WhatFailsWaitsLongerEachTimeBeforeItIsTriedAgain) {
  wasm_.failures = 1'000'000;
  std::vector<unsigned> turns;
  RunOptions options{.depth = Depth::kQuick};
  options.on_progress = [&turns](const Progress& progress) {
    if (progress.in == "wasm" && progress.kind == &kCompute) turns.push_back(progress.turn);
  };
  ASSERT_TRUE(Go(options).has_value());
  EXPECT_EQ(turns, (std::vector<unsigned>{1, 3, 7})) << "what is in its way may take some turns";
}

TEST_F(RunTest, WhatWasDeployedIsRemovedAlsoWhenItIsStopped) {
  ASSERT_TRUE(Go({.depth = Depth::kQuick}).has_value());
  EXPECT_EQ(wasm_.deployed, 0);
  int left = 5;
  RunOptions options{.depth = Depth::kQuick};
  options.stopped = [&] { return --left < 0; };
  const auto stopped = Go(options);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Errc::kUnavailable);
  EXPECT_EQ(wasm_.deployed, 0);
  EXPECT_EQ(wasm_.running, 0U);
}

}  // namespace
}  // namespace strata::measure
