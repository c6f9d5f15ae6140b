#include "advisor/numerics/finance.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "scheduler/simulate/quantiles.h"

namespace strata::advisor::numerics {
namespace {

using scheduler::simulate::Uniform;

TEST(FinanceTest, FlowsAreDiscountedByTheirYears) {
  EXPECT_NEAR(PresentValue(0.1, std::vector{-100.0, 55.0, 60.5}), 0, 1e-12);
  EXPECT_EQ(PresentValue(0, std::vector{1.0, 2.0, 3.0}), 6);
}

TEST(FinanceTest, TheAnnuityFactorIsTheValueOfOneAYear) {
  const double factor = AnnuityFactor(0.1, 5);
  EXPECT_NEAR(factor, PresentValue(0.1, std::vector{0.0, 1.0, 1.0, 1.0, 1.0, 1.0}), 1e-12);
  EXPECT_NEAR(factor, 3.790787, 5e-7);
  EXPECT_EQ(AnnuityFactor(0, 5), 5);
}

TEST(FinanceTest, AtTheInternalRateTheValueIsZero) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    const double spent = 1 + 9 * Uniform(random);
    std::vector<double> flows{-spent};
    const auto years = static_cast<std::size_t>(1 + random.Below(20));
    for (std::size_t year = 0; year < years; ++year) flows.push_back(3 * Uniform(random));
    const auto rate = InternalRate(flows);
    if (!rate) continue;  // below -99.99 %: next to nothing came back
    EXPECT_NEAR(PresentValue(*rate, flows), 0, 1e-6 * spent) << *rate;
  }
}

TEST(FinanceTest, TheRateOfOneYearIsTheGain) {
  EXPECT_NEAR(*InternalRate(std::vector{-100.0, 128.0}), 0.28, 1e-12);
  EXPECT_NEAR(*InternalRate(std::vector{-100.0, 50.0}), -0.5, 1e-12);
}

TEST(FinanceTest, FlowsWithoutOneChangeOfSignHaveNoInternalRate) {
  EXPECT_EQ(InternalRate(std::vector{1.0, 2.0}), std::nullopt);
  EXPECT_EQ(InternalRate(std::vector{-1.0, 3.0, -2.0}), std::nullopt);  // 0 and 1 would do
  EXPECT_EQ(InternalRate(std::vector<double>{}), std::nullopt);
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
