#include "base/quantile.h"

#include <array>

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(QuantileTest, ItLiesBetweenItsNeighbours) {
  constexpr std::array kSorted = {1.0, 2.0, 4.0, 8.0};
  EXPECT_EQ(Quantile(kSorted, 0), 1);
  EXPECT_EQ(Quantile(kSorted, 0.5), 3) << "of an even number: between the two in the middle";
  EXPECT_DOUBLE_EQ(Quantile(kSorted, 0.9), 6.8);
  EXPECT_EQ(Quantile(kSorted, 1), 8);
  EXPECT_EQ(Quantile(std::array{7.0}, 0.99), 7);
}

}  // namespace
}  // namespace strata
