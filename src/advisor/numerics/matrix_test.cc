#include "advisor/numerics/matrix.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/result.h"
#include "scheduler/simulate/quantiles.h"

namespace strata::advisor::numerics {
namespace {

Matrix RandomChain(std::size_t states, Random& random) {
  Matrix chain(states, Vector(states));
  for (Vector& row : chain) {
    double sum = 0;
    for (double& each : row) sum += each = scheduler::simulate::Uniform(random);
    for (double& each : row) each /= sum;
  }
  return chain;
}

TEST(MatrixTest, TheStationaryDistributionIsAFixedPoint) {
  SeededRandom random(20261127);
  for (std::size_t states = 1; states <= 12; ++states) {
    const Matrix chain = RandomChain(states, random);
    const auto shares = Stationary(chain);
    ASSERT_TRUE(shares) << states;
    const Vector next = Times(*shares, chain);
    double sum = 0;
    for (std::size_t i = 0; i < states; ++i) {
      EXPECT_NEAR(next[i], (*shares)[i], 1e-12) << states;
      EXPECT_GE((*shares)[i], 0);
      sum += (*shares)[i];
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(MatrixTest, APowerIsAsManySteps) {
  SeededRandom random(20261127);
  const Matrix chain = RandomChain(4, random);
  const Vector start{0.1, 0.2, 0.3, 0.4};
  Vector after = start;
  for (std::uint64_t steps = 0; steps < 40; ++steps) {
    const Vector at_once = Times(start, Power(chain, steps));
    for (std::size_t i = 0; i < after.size(); ++i)
      EXPECT_NEAR(at_once[i], after[i], 1e-14) << steps;
    after = Times(after, chain);
  }
}

TEST(MatrixTest, TwoStatesHaveTheirClosedForm) {
  const double a = 0.3;
  const double b = 0.1;
  const auto shares = Stationary({{1 - a, a}, {b, 1 - b}});
  ASSERT_TRUE(shares);
  EXPECT_NEAR((*shares)[0], b / (a + b), 1e-14);
}

TEST(MatrixTest, AChainThatFallsApartHasNoSingleStationaryDistribution) {
  const auto shares = Stationary({{1, 0}, {0, 1}});
  ASSERT_FALSE(shares);
  EXPECT_EQ(shares.error().code, Errc::kFailedPrecondition);
}

TEST(MatrixTest, AChainThatAlternatesHasOne) {
  const auto shares = Stationary({{0, 1}, {1, 0}});
  ASSERT_TRUE(shares);
  EXPECT_NEAR((*shares)[0], 0.5, 1e-14);
}

TEST(MatrixTest, ASquareSystemIsSolved) {
  const auto x = Solve({{2, 1}, {1, 3}}, Vector{3, 5});
  ASSERT_TRUE(x);
  EXPECT_NEAR((*x)[0], 0.8, 1e-14);
  EXPECT_NEAR((*x)[1], 1.4, 1e-14);
}

TEST(MatrixTest, TheLineOfLeastSquaresIsThatOfTheNormalEquations) {
  const auto line = Solve({{1, 0}, {1, 1}, {1, 2}, {1, 3}}, Vector{1, 3, 4, 8});
  ASSERT_TRUE(line);
  EXPECT_NEAR((*line)[0], 0.7, 1e-13);
  EXPECT_NEAR((*line)[1], 2.2, 1e-13);
}

TEST(MatrixTest, ASystemWithManySolutionsIsRefused) {
  const auto x = Solve({{1, 1}, {2, 2}}, Vector{1, 2});
  ASSERT_FALSE(x);
  EXPECT_EQ(x.error().code, Errc::kFailedPrecondition);
}

TEST(MatrixTest, TheGrowthRateIsTheLargestRealPart) {
  EXPECT_NEAR(GrowthRate({{-1, 5}, {0, -2}}), -1, 1e-12);
  EXPECT_NEAR(GrowthRate({{0, 1}, {-1, 0}}), 0, 1e-12);  // a centre: +i and -i
  EXPECT_NEAR(GrowthRate({{1, 2}, {2, 1}}), 3, 1e-12);
}

}  // namespace
}  // namespace strata::advisor::numerics
