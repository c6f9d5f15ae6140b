#include "advisor/numerics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <boost/math/distributions/binomial.hpp>
#include <gtest/gtest.h>

namespace strata::advisor::numerics {
namespace {

std::vector<double> Skewed(int count) {
  std::vector<double> samples;
  for (int i = 0; i < count; ++i) samples.push_back(std::exp(0.37 * ((i * 7) % count)));
  return samples;
}

const std::vector<double> kOne{1};  // the ratio to which is the quantile itself

// A resampled median of an odd number is at most the k-th smallest of n if more than half of the n
// draws are among the k smallest (Efron 1979, section 3).
double ChanceOfAtMost(int k, int n) {
  const boost::math::binomial_distribution<> below(n, static_cast<double>(k) / n);
  return boost::math::cdf(boost::math::complement(below, n / 2));
}

TEST(BootstrapTest, AMediansIntervalIsThatOfItsExactResamplingDistribution) {
  for (const int n : {5, 9, 25, 31}) {
    std::vector<double> samples = Skewed(n);
    const Interval found = RatioInterval(samples, kOne, 0.5, {.resamples = 40'000});
    std::ranges::sort(samples);
    const auto at = [&](double share) {
      int k = 1;
      while (ChanceOfAtMost(k, n) < share) ++k;
      return samples[static_cast<std::size_t>(k - 1)];
    };
    EXPECT_DOUBLE_EQ(found.low, at(0.025)) << n;
    EXPECT_DOUBLE_EQ(found.high, at(0.975)) << n;
  }
}

TEST(BootstrapTest, AHigherConfidenceIsAWiderInterval) {
  const std::vector<double> samples = Skewed(23);
  const Interval wide = RatioInterval(samples, kOne, 0.5, {.confidence = 0.99});
  const Interval narrow = RatioInterval(samples, kOne, 0.5, {.confidence = 0.5});
  EXPECT_LT(wide.low, narrow.low);
  EXPECT_GT(wide.high, narrow.high);
}

TEST(BootstrapTest, TheSameSeedGivesTheSameIntervalAndAnotherNot) {
  const std::vector<double> samples = Skewed(40);
  const Interval one = RatioInterval(samples, kOne, 0.37, {.resamples = 101});
  const Interval same = RatioInterval(samples, kOne, 0.37, {.resamples = 101});
  const Interval other = RatioInterval(samples, kOne, 0.37, {.resamples = 101, .seed = 2});
  EXPECT_EQ(one.low, same.low);
  EXPECT_EQ(one.high, same.high);
  EXPECT_TRUE(one.low != other.low || one.high != other.high);
}

TEST(BootstrapTest, SamplesThatAreAllTheSameHaveAnIntervalOfNoWidth) {
  const std::vector<double> same(7, 3.0);
  const std::vector<double> half(4, 1.5);
  EXPECT_EQ(RatioInterval(same, kOne, 0.9).low, 3);
  EXPECT_EQ(RatioInterval(same, kOne, 0.9).high, 3);
  EXPECT_EQ(RatioInterval(same, half, 0.5).low, 2);
  EXPECT_EQ(RatioInterval(same, half, 0.5).high, 2);
}

TEST(BootstrapTest, TheRatioOfSamplesToTheirDoubleIsAHalf) {
  const std::vector<double> samples = Skewed(31);
  std::vector<double> doubled;
  for (const double each : samples) doubled.push_back(2 * each);
  EXPECT_TRUE(RatioInterval(samples, doubled, 0.5).Contains(0.5));
  EXPECT_FALSE(
      RatioInterval(std::vector<double>{3, 3.01}, std::vector<double>{5, 5.02}, 0.5).Contains(0.5));
}

TEST(BootstrapTest, OutliersAreThoseBeyondTukeysFences) {
  const std::vector<double> samples = {10, 1, 2, 3, 4, 5, -9};  // quartiles 1.5 and 4.5
  EXPECT_EQ(Outliers(samples), (std::vector<std::size_t>{0, 6}));
  EXPECT_TRUE(Outliers({}).empty());
  EXPECT_TRUE(Outliers(std::vector<double>{1, 2, 3, 4, 5, 8}).empty());
}

}  // namespace
}  // namespace strata::advisor::numerics
