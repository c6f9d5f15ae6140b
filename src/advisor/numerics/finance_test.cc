#include "advisor/numerics/finance.h"

#include <cmath>
#include <optional>

#include <gtest/gtest.h>

#include "base/random.h"
#include "scheduler/simulate/quantiles.h"

namespace strata::advisor::numerics {
namespace {

using scheduler::simulate::Uniform;

// What `flow` at the end of each of `years` years is worth, one by one.
double Worth(double flow, double rate, int years) {
  double worth = 0;
  for (int year = 1; year <= years; ++year) worth += flow / std::pow(1 + rate, year);
  return worth;
}

TEST(FinanceTest, TheAnnuityFactorIsTheValueOfOneAYear) {
  for (const double rate : {-0.5, -0.01, 0.0, 1e-9, 0.1, 3.0}) {
    for (const int years : {1, 5, 30}) {
      const double worth = Worth(1, rate, years);
      EXPECT_NEAR(AnnuityFactor(rate, years) / worth, 1, 1e-12) << rate << " " << years;
    }
  }
  EXPECT_NEAR(AnnuityFactor(0.1, 5), 3.790787, 5e-7);
}

TEST(FinanceTest, AtTheInternalRateTheFlowsAreWorthTheInvestment) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    const double spent = 1 + 9 * Uniform(random);
    const double flow = 3 * Uniform(random);
    const auto years = static_cast<int>(1 + random.Below(20));
    const auto rate = InternalRate(spent, flow, years);
    ASSERT_TRUE(rate);
    EXPECT_NEAR(Worth(flow, *rate, years) / spent, 1, 1e-9) << *rate;
  }
}

TEST(FinanceTest, HoweverManyYearsThereAreThereIsARate) {
  for (const int years : {77, 78, 100, 1000}) {
    for (const double flow : {1e-3, 0.0099, 0.01, 0.28, 3.2}) {
      const auto rate = InternalRate(1, flow, years);
      ASSERT_TRUE(rate) << years;
      EXPECT_NEAR(Worth(flow, *rate, years), 1, 1e-9) << years << " " << flow;
    }
  }
  EXPECT_NEAR(*InternalRate(2, 0.2, 1000), 0.1, 1e-12);  // all years to come, but for a rounding
  EXPECT_NEAR(*InternalRate(100, 1, 100), 0, 1e-12);
}

TEST(FinanceTest, TheRateOfOneYearIsTheGain) {
  EXPECT_NEAR(*InternalRate(100, 128, 1), 0.28, 1e-12);
  EXPECT_NEAR(*InternalRate(100, 50, 1), -0.5, 1e-12);
}

TEST(FinanceTest, WithoutAnInvestmentOrAFlowThereIsNoInternalRate) {
  EXPECT_EQ(InternalRate(0, 1, 5), std::nullopt);
  EXPECT_EQ(InternalRate(1, 0, 5), std::nullopt);
  EXPECT_EQ(InternalRate(1, -1, 5), std::nullopt);
  EXPECT_EQ(InternalRate(1e300, 1e-300, 5), std::nullopt) << "-100 %, but for a rounding";
  EXPECT_EQ(InternalRate(1e-300, 1e300, 5), std::nullopt);
}

TEST(FinanceTest, PaybackIsWhenTheFlowsHaveReturnedTheInvestment) {
  EXPECT_EQ(PaybackYears(2, 0.8, 0), 2.5);
  const auto years = PaybackYears(2, 0.8, 0.1);
  ASSERT_TRUE(years);
  EXPECT_NEAR(0.8 * AnnuityFactor(0.1, *years), 2, 1e-12);
  EXPECT_EQ(PaybackYears(2, 0, 0.1), std::nullopt);
  EXPECT_EQ(PaybackYears(2, 0.1, 0.1), std::nullopt);  // its value never exceeds 1
  EXPECT_EQ(PaybackYears(0, 0, 0.1), 0);
}

}  // namespace
}  // namespace strata::advisor::numerics
