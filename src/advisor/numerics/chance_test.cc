#include "advisor/numerics/chance.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor::numerics {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(ChanceTest, ASummaryIsThatOfTheDefinedDraws) {
  const Summary summary = Summarise({4, kNone, 1, 3, 2, 5});
  EXPECT_EQ(summary.mean, 3);
  EXPECT_NEAR(summary.deviation, std::sqrt(2.5), 1e-14);
  EXPECT_EQ(summary.p50, 3);
  EXPECT_NEAR(summary.p05, 1.2, 1e-14);
  EXPECT_NEAR(summary.p95, 4.8, 1e-14);
  EXPECT_EQ(summary.undefined, 1U);
}

TEST(ChanceTest, WithoutADefinedDrawNothingIsKnown) {
  const Summary summary = Summarise({kNone, kNone});
  EXPECT_EQ(summary.undefined, 2U);
  EXPECT_TRUE(std::isnan(summary.mean));
  EXPECT_TRUE(std::isnan(summary.p95));
}

TEST(ChanceTest, DrawsThatAreAllTheSameDoNotDeviate) {
  EXPECT_EQ(Summarise({7}).deviation, 0);
  EXPECT_EQ(Summarise(std::vector<double>(1000, 0.1)).deviation, 0);
  EXPECT_EQ(Summarise(std::vector<double>(1000, 0.1)).mean, 0.1);
}

TEST(ChanceTest, NoHitsOfManyHaveTheClosedFormOfTheirBound) {
  for (const int trials : {1, 59, 299, 10'000}) {
    EXPECT_NEAR(UpperBound(0, trials, 0.95), 1 - std::pow(0.05, 1.0 / trials), 1e-12);
  }
  EXPECT_EQ(UpperBound(5, 5, 0.95), 1);
}

TEST(ChanceTest, AtTheBoundSoFewHitsHaveTheChanceThatIsLeft) {
  const double p = UpperBound(1, 10, 0.95);
  EXPECT_NEAR(std::pow(1 - p, 10) + 10 * p * std::pow(1 - p, 9), 0.05, 1e-10);
}

TEST(ChanceTest, ALowerBoundIsTheUpperOneOfWhatIsNoHit) {
  for (const int hits : {0, 1, 7, 50}) {
    EXPECT_NEAR(LowerBound(hits, 50, 0.95), 1 - UpperBound(50 - hits, 50, 0.95), 1e-12);
  }
  EXPECT_NEAR(LowerBound(20, 20, 0.95), std::pow(0.05, 1.0 / 20), 1e-12);
}

TEST(ChanceTest, TrialsToShowAreTheFewestWhoseBoundIsBelow) {
  EXPECT_EQ(TrialsToShowBelow(0.01, 0, 0.95), 299U);
  EXPECT_EQ(TrialsToShowBelow(0.05, 0, 0.95), 59U);
  for (const std::uint64_t hits : {1, 3, 20}) {
    const std::uint64_t trials = TrialsToShowBelow(0.01, hits, 0.95);
    EXPECT_LT(UpperBound(hits, trials, 0.95), 0.01);
    EXPECT_GE(UpperBound(hits, trials - 1, 0.95), 0.01);
  }
}

TEST(ChanceTest, TheContractsOfTheDocumentsNeed299And59GoodTrials) {
  EXPECT_EQ(TrialsToShow(0.99, 0.95), 299);
  EXPECT_EQ(TrialsToShow(0.95, 0.95), 59);
  EXPECT_LE(UpperBound(0, 299, 0.95), 0.01);
  EXPECT_GT(UpperBound(0, 298, 0.95), 0.01);
}

}  // namespace
}  // namespace strata::advisor::numerics
