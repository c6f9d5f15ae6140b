#include "advisor/numerics/order.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/quantile.h"
#include "base/random.h"

namespace strata::advisor::numerics {
namespace {

std::vector<double> UpTo(int count) {
  std::vector<double> samples;
  for (int i = 1; i <= count; ++i) samples.push_back(i);
  return samples;
}

// Table A3 of Conover 1999 and its like: ranks of the median's 95 % interval.
TEST(OrderTest, AMediansRanksAreThoseOfTheTables) {
  struct Known {
    int count;
    double low;
    double high;
  };
  for (const Known& known : {Known{6, 1, 6}, {10, 2, 9}, {15, 4, 12}, {25, 8, 18}, {100, 40, 61}}) {
    const Interval found = QuantileInterval(UpTo(known.count), 0.5);
    EXPECT_EQ(found.low, known.low) << known.count;
    EXPECT_EQ(found.high, known.high) << known.count;
  }
}

TEST(OrderTest, TooFewSamplesTellNoEnd) {
  const Interval five = QuantileInterval(UpTo(5), 0.5);
  EXPECT_TRUE(std::isinf(five.low) && five.low < 0);
  EXPECT_TRUE(std::isinf(five.high) && five.high > 0);
  EXPECT_FALSE(QuantileInterval(UpTo(367), 0.99).bounded());
  EXPECT_TRUE(std::isfinite(QuantileInterval(UpTo(367), 0.99).low));
  EXPECT_EQ(QuantileInterval(UpTo(368), 0.99).high, 368);
  EXPECT_EQ(QuantileInterval(UpTo(36), 0.1).low, 1);
}

TEST(OrderTest, HowManyAreNeededIsWhereBothEndsAreTold) {
  for (const double share : {0.5, 0.9, 0.99, 0.1}) {
    const auto needed = static_cast<int>(SamplesToBound(share));
    EXPECT_TRUE(QuantileInterval(UpTo(needed), share).bounded()) << share;
    EXPECT_FALSE(QuantileInterval(UpTo(needed - 1), share).bounded()) << share;
  }
  EXPECT_EQ(SamplesToBound(0.5), 6U);
  EXPECT_EQ(SamplesToBound(0.9), 36U);
  EXPECT_EQ(SamplesToBound(0.99), 368U);
}

// Of many sets of samples, at most one in twenty has an interval without the quantile.
TEST(OrderTest, AnIntervalHasTheQuantileAsOftenAsItSays) {
  constexpr int kSets = 4000;
  SeededRandom random(11);
  for (const double share : {0.5, 0.9, 0.99}) {
    int has = 0;
    for (int set = 0; set < kSets; ++set) {
      std::vector<double> samples(100);
      for (double& each : samples) each = static_cast<double>(random.Next() >> 11) * 0x1p-53;
      if (QuantileInterval(Sorted(samples), share).Contains(share)) ++has;
    }
    EXPECT_GE(has, 0.94 * kSets) << share;
  }
}

}  // namespace
}  // namespace strata::advisor::numerics
