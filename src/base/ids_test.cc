#include "base/ids.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace strata {
namespace {

TEST(IdsTest, IdsAreValidUniqueAndSortByTime) {
  ManualClock clock;
  SeededRandom random(1);
  std::string before;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewId(clock, random);
    EXPECT_EQ(id.size(), 26U);
    EXPECT_TRUE(IsValidId(id)) << id;
    EXPECT_LT(before, id);
    EXPECT_TRUE(seen.insert(id).second);
    before = id;
    clock.Advance(std::chrono::milliseconds(1));
  }
}

TEST(IdsTest, IdsOfOneMillisecondDiffer) {
  const ManualClock clock;
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(NewId(clock, random)).second);
}

TEST(IdsTest, ShortIdsStartWithALetter) {
  SeededRandom random(2);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewShortId(random);
    ASSERT_EQ(id.size(), 8U);
    EXPECT_TRUE(id[0] >= 'a' && id[0] <= 'z') << id;
    EXPECT_TRUE(IsValidId(id)) << id;
  }
}

TEST(IdsTest, TheSameSeedGivesTheSameIds) {
  SeededRandom one(7);
  SeededRandom two(7);
  EXPECT_EQ(NewShortId(one, 20), NewShortId(two, 20));
}

TEST(RandomTest, BelowStaysBelowAndReachesEverything) {
  SeededRandom random(3);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.Below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

TEST(IdsTest, ValidIdsAreSafeEverywhere) {
  EXPECT_TRUE(IsValidId("a"));
  EXPECT_TRUE(IsValidId("web-0"));
  EXPECT_TRUE(IsValidId(std::string(64, 'x')));
  for (const std::string bad :
       {"", "-a", "a-", "A", "a_b", "a.b", "a/b", "..", "a b", "\xc3\xa4"}) {
    EXPECT_FALSE(IsValidId(bad)) << bad;
  }
  EXPECT_FALSE(IsValidId(std::string(65, 'x')));
  EXPECT_FALSE(IsValidId(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace strata
