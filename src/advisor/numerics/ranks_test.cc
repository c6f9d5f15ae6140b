#include "advisor/numerics/ranks.h"

#include <vector>

#include <gtest/gtest.h>

namespace strata::advisor::numerics {
namespace {

using Samples = std::vector<double>;

TEST(RankTestTest, SmallCasesAreCountedOut) {
  // All of one side below all of the other: 2 of C(6, 3) = 20 orders lie as far apart.
  EXPECT_NEAR(RankTest(Samples{1, 2, 3}, Samples{4, 5, 6}), 2.0 / 20, 1e-12);
  EXPECT_NEAR(RankTest(Samples{4, 5, 6}, Samples{1, 2, 3}), 2.0 / 20, 1e-12);
  // One pair exchanged: U is 8 or 9, of which there are 1 + 1 orders; both sides.
  EXPECT_NEAR(RankTest(Samples{1, 2, 4}, Samples{3, 5, 6}), 4.0 / 20, 1e-12);
  EXPECT_NEAR(RankTest(Samples{1}, Samples{2}), 1, 1e-12);
}

TEST(RankTestTest, ExactAndNormalAgreeWhereBothMayBeUsed) {
  Samples left;
  Samples right;
  for (int i = 0; i < 20; ++i) {
    left.push_back(i + 0.1);
    right.push_back(i + 5.2);
  }
  const double exact = RankTest(left, right);
  left.push_back(10.15);  // 21: no longer exact
  EXPECT_NEAR(RankTest(left, right) / exact, 1, 0.2);
  EXPECT_LT(exact, 0.05);
}

TEST(RankTestTest, NothingSpeaksAgainstTheSame) {
  EXPECT_EQ(RankTest(Samples(30, 1.0), Samples(30, 1.0)), 1);
  EXPECT_EQ(RankTest(Samples{1, 2, 2, 3}, Samples{1, 2, 2, 3}), 1);
  EXPECT_EQ(RankTest({}, Samples{1}), 1);
}

TEST(HolmTest, EachIsHeldAgainstWhatIsLeft) {
  const Samples adjusted = HolmAdjusted(Samples{0.04, 0.001, 0.03, 0.5});
  EXPECT_NEAR(adjusted[1], 0.004, 1e-15);
  EXPECT_NEAR(adjusted[2], 0.09, 1e-15);
  EXPECT_NEAR(adjusted[0], 0.09, 1e-15) << "0.08, but not below the one before it";
  EXPECT_NEAR(adjusted[3], 0.5, 1e-15);
  EXPECT_EQ(HolmAdjusted(Samples{0.9, 0.8})[0], 1);
  EXPECT_TRUE(HolmAdjusted({}).empty());
}

TEST(RanksTest, SoManySamplesCanFindNoLess) {
  EXPECT_DOUBLE_EQ(LeastChance(5, 5), 2.0 / 252);
  EXPECT_DOUBLE_EQ(LeastChance(6, 6), 2.0 / 924);
  EXPECT_DOUBLE_EQ(LeastChance(1, 3), 0.5);
  EXPECT_EQ(LeastChance(1, 1), 1);
  EXPECT_LT(LeastChance(100, 100), 1e-12);
  EXPECT_GT(LeastChance(1, 300), 0.05) << "by the normal distribution, as it is tested";
}

TEST(RanksTest, TestsThatCanFindNothingAmongSoManyAreLeftOut) {
  EXPECT_EQ(Able(std::vector<double>{1e-9, 0.008, 0.03, 1, 1e-6}, 0.05),
            (std::vector<bool>{true, true, false, false, true}))
      << "0.008 times three is below the level, 0.03 times four is not";
  EXPECT_EQ(Able(std::vector<double>{0.03, 0.03}, 0.05), (std::vector<bool>{false, false}));
  EXPECT_EQ(Able(std::vector<double>{0.03}, 0.05), std::vector<bool>{true});
  EXPECT_TRUE(Able({}, 0.05).empty());
}

}  // namespace
}  // namespace strata::advisor::numerics
