#include "scheduler/learning/sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

// The value at `share` of the sorted ones.
double Exact(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

TEST(SketchTest, QuantilesOfAHeavyTailAreWithinTheErrorOfTheTruth) {
  std::mt19937 random{1};
  std::lognormal_distribution<double> latencies(1, 2);
  Sketch sketch;
  std::vector<double> all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(latencies(random));
    sketch.Add(all.back());
  }
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = Exact(all, share);
    // One rank more or less is a neighbouring value.
    EXPECT_NEAR(sketch.Quantile(share), exact, (Sketch::kError + 0.005) * exact) << share;
  }
}

TEST(SketchTest, QuantilesOfManyValuesAreCloserThanABin) {
  std::mt19937 random{1};
  std::lognormal_distribution<double> latencies(1, 0.1);
  Sketch sketch;
  std::vector<double> all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(latencies(random));
    sketch.Add(all.back());
  }
  for (const double share : {0.1, 0.5, 0.9, 0.99}) {
    const double exact = Exact(all, share);
    EXPECT_NEAR(sketch.Quantile(share), exact, Sketch::kError / 5 * exact) << share;
  }
}

TEST(SketchTest, TheMeanIsThatOfTheValuesHoweverHeavyTheirTail) {
  std::mt19937 random{1};
  std::lognormal_distribution<double> latencies(1, 2);
  Sketch sketch;
  double sum = 0;
  for (int i = 0; i < 50'000; ++i) {
    const double value = latencies(random);
    sum += value;
    sketch.Add(value);
  }
  const double mean = sum / 50'000;
  EXPECT_NEAR(sketch.Mean(), mean, Sketch::kError * mean);
  EXPECT_GT(sketch.Mean(), 5 * sketch.Quantile(0.5));
  EXPECT_EQ(Sketch().Mean(), 0);
}

TEST(SketchTest, EveryQuantileOfEqualValuesIsWithinTheErrorOfThem) {
  for (double value = 5; value < 5.2; value += 0.01) {
    Sketch sketch;
    for (int i = 0; i < 100; ++i) sketch.Add(value);
    for (const double share : {0.0, 0.5, 1.0}) {
      EXPECT_NEAR(sketch.Quantile(share), value, Sketch::kError * value) << share;
    }
  }
}

TEST(SketchTest, MergingIsAddingAll) {
  Sketch one, two, both;
  for (int i = 1; i < 500; ++i) {
    (i % 3 == 0 ? one : two).Add(i);
    both.Add(i);
  }
  one.Merge(two);
  EXPECT_EQ(one.weight(), both.weight());
  for (const double share : {0.0, 0.1, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(one.Quantile(share), both.Quantile(share)) << share;
  }
}

TEST(SketchTest, WithoutAPartIsTheRest) {
  Sketch all, part, rest;
  for (int i = 1; i < 500; ++i) {
    all.Add(i);
    (i % 3 == 0 || i > 400 ? part : rest).Add(i);
  }
  const Sketch without = all.Without(part);
  EXPECT_EQ(without.weight(), rest.weight());
  for (const double share : {0.0, 0.1, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(without.Quantile(share), rest.Quantile(share)) << share;
  }
  all.Fade(0.01);
  EXPECT_EQ(all.Without(part).Without(rest).weight(), 0) << "never less than nothing";
  EXPECT_EQ(all.Without(part).Without(rest).Quantile(0.5), 0);
}

TEST(SketchTest, WhatFadedIsOutweighed) {
  Sketch sketch;
  for (int i = 0; i < 1000; ++i) sketch.Add(100);
  sketch.Fade(0.01);
  EXPECT_NEAR(sketch.weight(), 10, 1e-6);
  for (int i = 0; i < 30; ++i) sketch.Add(1);
  EXPECT_NEAR(sketch.Quantile(0.5), 1, 0.03);
  EXPECT_NEAR(sketch.Quantile(0.99), 100, 2.5);
}

TEST(SketchTest, WhatIsAboveAValueIsCounted) {
  Sketch sketch;
  EXPECT_EQ(sketch.Above(1), 0);
  for (int i = 1; i <= 1000; ++i) sketch.Add(i);
  EXPECT_NEAR(sketch.Above(900), 100, Sketch::kError * 900);
  EXPECT_EQ(sketch.Above(1000), 0);
  EXPECT_EQ(sketch.Above(0.5), 1000);
}

TEST(SketchTest, AnyNumberHasABin) {
  Sketch sketch;
  for (const double value : {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN(), 1e-9}) {
    sketch.Add(value);
    EXPECT_NEAR(sketch.Quantile(1), Sketch::kLeast, 1e-4) << value;
  }
  sketch.Add(std::numeric_limits<double>::infinity());
  EXPECT_NEAR(sketch.Quantile(1), 1e9, 0.05e9);
  EXPECT_EQ(Sketch().Quantile(0.5), 0);
}

}  // namespace
}  // namespace strata::scheduler
