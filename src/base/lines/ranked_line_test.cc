#include "base/lines/ranked_line.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata {
namespace {

enum class Rank : std::uint8_t { kLow, kNormal, kHigh };
using Line = RankedLine<std::string, Rank, 3>;

TEST(RankedLineTest, TheHighestGoFirstAndOfThemTheOldest) {
  Line line(8);
  line.Join(Rank::kNormal, "first");
  line.Join(Rank::kLow, "low");
  line.Join(Rank::kHigh, "high");
  line.Join(Rank::kNormal, "second");
  EXPECT_EQ(line.front(), "high");
  for (const char* const expected : {"high", "first", "second", "low"}) {
    EXPECT_EQ(line.Take(), expected);
  }
  EXPECT_TRUE(line.empty());
}

TEST(RankedLineTest, AFullLineGivesUpTheYoungestOfTheLowest) {
  Line line(3);
  line.Join(Rank::kNormal, "normal");
  line.Join(Rank::kLow, "older");
  EXPECT_FALSE(line.full());
  line.Join(Rank::kLow, "younger");
  EXPECT_TRUE(line.full());
  EXPECT_FALSE(line.TakeBelow(Rank::kLow).has_value()) << "an equal is not overtaken";
  EXPECT_EQ(line.TakeBelow(Rank::kHigh), "younger");
  EXPECT_FALSE(line.full());
  EXPECT_EQ(line.TakeBelow(Rank::kHigh), "older");
  EXPECT_EQ(line.TakeBelow(Rank::kHigh), "normal");
  EXPECT_FALSE(line.TakeBelow(Rank::kHigh).has_value());
}

TEST(RankedLineTest, TheOldestGoButNotTheLastOfTheHighest) {
  Line line(8);
  for (const char* const name : {"a", "b", "c"}) line.Join(Rank::kNormal, name);
  for (const char* const name : {"d", "e"}) line.Join(Rank::kLow, name);
  EXPECT_EQ(line.TakeOldest([](const std::string& name) { return name != "b" && name != "e"; }),
            (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(line.TakeOldest([](const std::string&) { return true; }),
            (std::vector<std::string>{"b", "e"}));
  EXPECT_EQ(line.size(), 1U);
  EXPECT_EQ(line.front(), "c");
}

TEST(RankedLineTest, WhoLeavesIsNotTaken) {
  Line line(3);
  const Line::Place place = line.Join(Rank::kHigh, "gone");
  line.Join(Rank::kLow, "stays");
  line.Leave(place);
  EXPECT_EQ(line.size(), 1U);
  EXPECT_EQ(line.Take(), "stays");
}

}  // namespace
}  // namespace strata
