#include "advisor/numerics/ode.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/numerics/logistic.h"
#include "base/result.h"

namespace strata::advisor::numerics {
namespace {

Result<std::vector<State>> Solved(const Derivative& derivative, State start,
                                  const std::vector<double>& times) {
  std::uint64_t evaluations = 0;
  return Integrate(derivative, std::move(start), times, evaluations);
}

TEST(OdeTest, LogisticGrowthIsThatOfTheClosedForm) {
  for (const double rate : {-0.5, 0.1425, 0.8, 3.0}) {
    for (const double start : {0.01, 0.3, 0.74}) {
      const double cap = 0.75;
      const std::vector<double> times{0, 0.5, 1, 2, 6, 20};
      const auto states = Solved([=](const State& p, State& change,
                                     double) { change[0] = rate * p[0] * (1 - p[0] / cap); },
                                 {start}, times);
      ASSERT_TRUE(states);
      ASSERT_EQ(states->size(), times.size());
      for (std::size_t i = 0; i < times.size(); ++i) {
        EXPECT_NEAR((*states)[i][0], Logistic(start, cap, rate * times[i]), 1e-7) << rate;
      }
    }
  }
}

TEST(OdeTest, AnOscillatorComesBack) {
  const auto states = Solved(
      [](const State& x, State& change, double) {
        change[0] = x[1];
        change[1] = -x[0];
      },
      {1, 0}, std::vector{0.0, std::numbers::pi, 2 * std::numbers::pi});
  ASSERT_TRUE(states);
  EXPECT_NEAR((*states)[1][0], -1, 1e-7);
  EXPECT_NEAR((*states)[2][0], 1, 1e-7);
}

TEST(OdeTest, TimeItselfMayBeInTheEquation) {
  const auto states = Solved([](const State&, State& change, double t) { change[0] = 2 * t; }, {1},
                             std::vector{1.0, 3.0});
  ASSERT_TRUE(states);
  EXPECT_NEAR((*states)[1][0], 9, 1e-9);  // 1 + 3^2 - 1^2
}

TEST(OdeTest, TheStateAtOneTimeAloneIsTheStart) {
  const auto states =
      Solved([](const State&, State& change, double) { change[0] = 1; }, {7}, std::vector{2.0});
  ASSERT_TRUE(states);
  EXPECT_EQ(states->front(), State{7});
}

TEST(OdeTest, GrowthWithoutBoundIsAnErrorAndEnds) {
  const auto states = Solved([](const State& x, State& change, double) { change[0] = x[0] * x[0]; },
                             {1}, std::vector{0.0, 2.0});  // 1 / (1 - t)
  ASSERT_FALSE(states);
  EXPECT_EQ(states.error().code, Errc::kInvalidArgument);
}

TEST(OdeTest, WhatChangesFastAtFirstAndIsBoundedIsFollowed) {
  std::uint64_t evaluations = 0;
  const auto states = Integrate(
      [](const State& x, State& change, double) { change[0] = 10 * x[0] * (1 - x[0] / 0.001); },
      {0.7}, std::vector{2024.0, 2200.0}, evaluations);
  ASSERT_TRUE(states);
  EXPECT_NEAR(states->back()[0], 0.001, 1e-9);
  EXPECT_GT(evaluations, 100U);
  EXPECT_LT(evaluations, 10'000U);
}

TEST(OdeTest, WhatWouldTakeTooManyStepsIsAnErrorAndIsCounted) {
  std::uint64_t evaluations = 0;
  const auto states =
      Integrate([](const State& x, State& change, double) { change[0] = -1e6 * x[0]; }, {1},
                std::vector{0.0, 1.0}, evaluations);
  EXPECT_FALSE(states);
  EXPECT_GE(evaluations, 50'000U);
}

TEST(OdeTest, AboveItsCapANegativeRateHasNoBound) {
  EXPECT_GT(Logistic(0.8, 0.75, -0.1), 0.8);
  EXPECT_TRUE(std::isnan(Logistic(0.8, 0.75, -10)));
}

TEST(OdeTest, GrowthAndStartUndoLogistic) {
  const double reached = Logistic(0.05, 0.75, 0.304);
  EXPECT_NEAR(LogisticGrowth(0.05, 0.75, reached), 0.304, 1e-12);
  EXPECT_NEAR(LogisticStart(reached, 0.75, 0.304), 0.05, 1e-12);
  EXPECT_TRUE(std::isnan(LogisticGrowth(0.05, 0.75, 0.8)));
}

}  // namespace
}  // namespace strata::advisor::numerics
