#include "advisor/measured/judge.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor {
namespace {

std::vector<double> Starts(int quick, int late) {
  std::vector<double> samples(static_cast<std::size_t>(quick), 1.0);
  samples.insert(samples.end(), static_cast<std::size_t>(late), 20.0);
  return samples;
}

constexpr Contract kWasm{.limit_ms = 10, .share = 0.99};

TEST(JudgeTest, AClaimIsJudgedByTheInterval) {
  const Range claimed{.least = 10, .most = 100, .unit = "ms"};
  EXPECT_EQ(Judge(claimed, 50, {40, 60}).verdict, Verdict::kAsClaimed);
  EXPECT_EQ(Judge(claimed, 50, {40, 60}).ratio, 1);
  EXPECT_EQ(Judge(claimed, 5, {4, 6}).verdict, Verdict::kBelow);
  EXPECT_EQ(Judge(claimed, 5, {4, 6}).ratio, 0.5);
  EXPECT_EQ(Judge(claimed, 200, {150, 250}).verdict, Verdict::kAbove);
  EXPECT_EQ(Judge(claimed, 200, {150, 250}).ratio, 2);
  EXPECT_EQ(Judge(claimed, 95, {90, 110}).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge(claimed, 200, {1, 250}).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge({.least = 5, .most = {}, .unit = ""}, 7, {6, 1e9}).verdict, Verdict::kAsClaimed);
}

TEST(JudgeTest, WhatIsNotBoundedIsNotDecidedThere) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const Range claimed{.least = 10, .most = 100, .unit = "ms"};
  EXPECT_EQ(Judge(claimed, 50, {-kInfinite, kInfinite}).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge(claimed, 50, {40, kInfinite}).verdict, Verdict::kUndecided);
  EXPECT_EQ(Judge(claimed, 200, {150, kInfinite}).verdict, Verdict::kAbove);
  EXPECT_EQ(Locate(std::vector<double>{7}, 0.5).value, 7);
  EXPECT_FALSE(Locate(std::vector<double>{7}, 0.5).interval.bounded());
}

TEST(JudgeTest, AnIntervalHasTheValueThatItIsOf) {
  for (const double share : {0.5, 0.9, 0.99}) {
    std::vector<double> samples;
    while (samples.size() < 400) {
      samples.push_back(static_cast<double>(samples.size() * samples.size()));
      const Spot spot = Locate(samples, share);
      EXPECT_TRUE(spot.interval.Contains(spot.value)) << samples.size() << " at " << share;
    }
  }
  EXPECT_DOUBLE_EQ(Locate(std::vector<double>{1, 2}, 0.99).interval.low, 1.99) << "not 2";
}

TEST(JudgeTest, AContractHoldsFailsOrIsNotDecided) {
  EXPECT_EQ(JudgeContract(Starts(299, 0), kWasm).kept, Kept::kHolds);
  const auto few = JudgeContract(Starts(298, 0), kWasm);
  EXPECT_EQ(few.kept, Kept::kUndecided);
  EXPECT_EQ(few.needed, 299U);
  EXPECT_EQ(few.runs, 298U);
  const auto one_late = JudgeContract(Starts(299, 1), kWasm);
  EXPECT_EQ(one_late.kept, Kept::kUndecided);
  EXPECT_EQ(one_late.late, 1U);
  EXPECT_GT(one_late.needed, 400U);
  EXPECT_EQ(JudgeContract(Starts(90, 10), kWasm).kept, Kept::kFails);
  EXPECT_EQ(JudgeContract({{10.0}}, kWasm).late, 1U) << "less than, not at most";
}

TEST(JudgeTest, SamplesAreDescribedWithTheirHalves) {
  std::vector<double> samples;
  for (int i = 0; i < 40; ++i) samples.push_back(100 + i % 7);
  samples.push_back(900);
  const Spot spot = Locate(samples, 0.5);
  EXPECT_EQ(spot.value, 103);
  EXPECT_TRUE(spot.interval.Contains(103));
  EXPECT_TRUE(spot.interval.bounded());
  const Figures figures = Describe(samples, 0.5);
  ASSERT_TRUE(figures.halves.has_value());
  EXPECT_TRUE(figures.halves->Contains(1));
  EXPECT_EQ(figures.outliers, std::vector<std::size_t>{40});
  EXPECT_EQ(figures.sorted.back(), 900) << "kept";
}

TEST(JudgeTest, HalvesThatDifferAreSeen) {
  std::vector<double> samples;
  for (int i = 0; i < 40; ++i) samples.push_back(i % 2 == 0 ? 100 + i * 0.1 : 200 + i * 0.1);
  EXPECT_FALSE(Describe(samples, 0.5).halves->Contains(1));
}

TEST(JudgeTest, HalvesOfTooFewSamplesTellNothing) {
  const auto told = [](std::size_t samples, double share, double last = 1) {
    std::vector<double> made(samples, 1);
    made.back() = last;
    return Describe(made, share).halves.has_value();
  };
  EXPECT_FALSE(told(9, 0.5));
  EXPECT_TRUE(told(10, 0.5));
  EXPECT_FALSE(told(19, 0.9));
  EXPECT_TRUE(told(20, 0.9));
  EXPECT_FALSE(told(199, 0.99));
  EXPECT_TRUE(told(200, 0.99));
  EXPECT_FALSE(told(10, 0.5, -1)) << "has no ratio";
}

}  // namespace
}  // namespace strata::advisor
