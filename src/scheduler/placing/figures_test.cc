#include "scheduler/placing/figures.h"

#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

TEST(FailureRateTest, FewCallsSayLittleAndManyMuch) {
  const FailureRate none;
  EXPECT_EQ(none.Least(), 0);
  EXPECT_EQ(none.Most(), 1);
  const FailureRate few{.rate = 0, .calls = 20};
  EXPECT_EQ(few.Least(), 0);
  EXPECT_NEAR(few.Most(), 0.161, 0.001);
  const FailureRate many{.rate = 0, .calls = 40'000};
  EXPECT_LT(many.Most(), 1e-4);
  const FailureRate half{.rate = 0.5, .calls = 100};
  EXPECT_NEAR(half.Least(), 0.404, 0.001);
  EXPECT_NEAR(half.Most(), 0.596, 0.001);
  const FailureRate all{.rate = 1, .calls = 10};
  EXPECT_NEAR(all.Least(), 0.722, 0.001);
  EXPECT_EQ(all.Most(), 1);
}

TEST(FailureRateTest, TheRateIsAlwaysWithinItsBounds) {
  for (int failed = 0; failed <= 50; ++failed) {
    const FailureRate seen{.rate = failed / 50.0, .calls = 50};
    EXPECT_LE(seen.Least(), seen.rate);
    EXPECT_GE(seen.Most(), seen.rate);
  }
}

}  // namespace
}  // namespace strata::scheduler
