#include "advisor/recommend/answer.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;

Source Of(Counts counts, std::vector<Class> classes) {
  return {.kind = {}, .name = {}, .counts = counts, .comes_to = std::move(classes), .because = {}};
}
Source Tree(Class each) { return Of(Counts::kVotes, {each}); }
Source Other(Class each) { return Of(Counts::kWhereTreesAreSilent, {each}); }
const Source kOpenTree{.kind = {}, .name = {}, .comes_to = {}, .because = {}, .open = true};

TEST(AnswerTest, TreesDecideAndTheOthersAreCountedOnly) {
  const Answer answer = Decide({}, {Tree(Class::kWasm), Tree(Class::kWasm), Tree(Class::kContainer),
                                    kOpenTree, Other(Class::kContainer), Other(Class::kContainer)});
  EXPECT_EQ(answer.sandbox_class, Class::kWasm);
  EXPECT_EQ(answer.agree, 2U);
  EXPECT_EQ(answer.came, 3U);
  EXPECT_EQ(answer.open, 1U);
  EXPECT_EQ(answer.sources_agree, 2U);
  EXPECT_EQ(answer.sources_came, 5U);
  EXPECT_EQ(answer.confidence, Confidence::kLow) << "less than half of what is known";
}

TEST(AnswerTest, WhereTreesAreSilentTheOthersDecide) {
  const Answer answer = Decide({}, {kOpenTree, Other(Class::kWasm), Other(Class::kWasm)});
  EXPECT_EQ(answer.sandbox_class, Class::kWasm);
  EXPECT_TRUE(answer.because.en.contains("rules, stars and scenario weights"));
  EXPECT_EQ(answer.confidence, Confidence::kMedium);
}

TEST(AnswerTest, WhatIsTheSameForEveryCaseNeverCounts) {
  const Answer answer = Decide({}, {kOpenTree, Of(Counts::kNever, {Class::kWasm})});
  EXPECT_EQ(answer.sandbox_class, Class::kContainer) << "the scheduler's rule";
  EXPECT_EQ(answer.because.en, "nothing is known yet: the scheduler's default");
  EXPECT_EQ(answer.confidence, Confidence::kNone);
  EXPECT_EQ(answer.sources_came, 0U);
}

TEST(AnswerTest, ConfidenceIsHowManyAgreeAndHowMuchIsKnown) {
  const auto of = [](int agree, int against) {
    std::vector<Source> sources(static_cast<std::size_t>(agree), Tree(Class::kContainer));
    for (int i = 0; i < against; ++i) sources.push_back(Tree(Class::kWasm));
    return Decide({}, sources).confidence;
  };
  EXPECT_EQ(of(1, 0), Confidence::kLow);
  EXPECT_EQ(of(2, 0), Confidence::kMedium);
  EXPECT_EQ(of(2, 1), Confidence::kMedium);
  EXPECT_EQ(of(2, 2), Confidence::kLow);
  EXPECT_EQ(of(3, 1), Confidence::kHigh) << "four trees, three of which agree";
  EXPECT_EQ(of(4, 2), Confidence::kMedium);
  EXPECT_EQ(of(6, 0), Confidence::kHigh);
}

TEST(AnswerTest, WhatIsBelowTheFloorIsLeftOutAndCountsAgainst) {
  Case about;
  ASSERT_TRUE(about.Set("security_requirement", "High").has_value());
  const Answer answer =
      Decide(about, {Tree(Class::kWasm), Tree(Class::kWasm), Tree(Class::kMicrovm)});
  EXPECT_EQ(answer.sandbox_class, Class::kMicrovm);
  EXPECT_EQ(answer.agree, 1U);
  EXPECT_EQ(answer.came, 3U);
  EXPECT_TRUE(answer.because.en.contains("left out: wasm (requires.security: high"));
  EXPECT_TRUE(answer.because.zh.contains("排除：wasm（requires.security: high 要求独立虚拟机）"));
  EXPECT_EQ(answer.confidence, Confidence::kLow);
}

// Where no tree comes to a class, the rule's own has to keep to the floor as well.
TEST(AnswerTest, TheRulesClassGivesWayToTheLeastThatMayBeUsed) {
  for (const char* compatibility : {"Low", "Medium", "High"}) {
    for (const char* performance : {"Low", "High"}) {
      for (const char* security : {"Low", "Medium", "High"}) {
        Case about;
        ASSERT_TRUE(about.Set("security_requirement", security).has_value());
        ASSERT_TRUE(about.Set("compatibility_requirement", compatibility).has_value());
        ASSERT_TRUE(about.Set("performance_requirement", performance).has_value());
        const Class chosen = Decide(about, {}).sandbox_class;
        EXPECT_EQ(scheduler::BelowFloor(about.Asked(), chosen), "") << model::ClassName(chosen);
      }
    }
  }
  Case medium;
  ASSERT_TRUE(medium.Set("security_requirement", "Medium").has_value());
  EXPECT_EQ(medium.ByRule(), Class::kContainer);
  EXPECT_EQ(Decide(medium, {}).sandbox_class, Class::kAppkernel) << "the least that may be used";
}

TEST(AnswerTest, EveryClassThatIsLeftOutIsNamed) {
  Case about;
  ASSERT_TRUE(about.Set("security_requirement", "High").has_value());
  const Answer answer =
      Decide(about, {Tree(Class::kWasm), Tree(Class::kContainer), Tree(Class::kMicrovm)});
  EXPECT_TRUE(answer.because.en.contains("wasm (requires.security: high")) << answer.because.en;
  EXPECT_TRUE(answer.because.en.contains("container (requires.security: high"));
}

}  // namespace
}  // namespace strata::advisor
