#include "advisor/recommend/documents/assumptions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/recommend/testing.h"

namespace strata::advisor {
namespace {

// The row of what is assumed of `what`, in English; nothing: there is none.
std::vector<std::string> RowOf(const Case& about, std::string_view what) {
  for (const auto& row : AssumptionsSection(about).rows) {
    if (row[0].text.en != what) continue;
    std::vector<std::string> words;
    for (const Cell& cell : row) words.push_back(cell.text.en);
    return words;
  }
  return {};
}

using Row = std::vector<std::string>;

TEST(AssumptionsTest, EveryNeedOfTheMatrixMeansSomethingThatCanBeSaid) {
  for (const Json& need : Facts(FactFile::kMatrices).at("decision_matrix").at("needs")) {
    const Json& condition = NeedCondition(need.at("id").get_ref<const std::string&>());
    const auto variable = std::ranges::find(
        Variables(), condition.at("var").get_ref<const std::string&>(), &Variable::id);
    ASSERT_NE(variable, Variables().end()) << condition.dump();
    const Json& value = condition.at("value");
    if (value.is_number()) continue;
    EXPECT_NE(std::ranges::find(variable->words, value.get<std::string>()), variable->words.end())
        << condition.dump();
  }
}

TEST(AssumptionsTest, AFastStartIsWithinTheBoundOfTheEnterpriseTree) {
  const Json& tree = *FindFact(Facts(FactFile::kDecisions).at("trees"), "enterprise_tree");
  const Json& question = *FindFact(tree.at("nodes"), "Q2");
  EXPECT_EQ(NeedCondition("fast_start").at("value"), question.at("test").at("value"));
  EXPECT_EQ(
      RowOf(Said({{"latency_ms", "99"}}), "fast start"),
      (Row{"fast start", "latency_ms < 100", "yes", "start-up < 10 ms (low latency, 003 §00.7.1)",
           "ours, with the bound of 002 B§6.1"}));
  EXPECT_EQ(RowOf(Said({{"latency_ms", "100"}}), "fast start").at(2), "no");
  EXPECT_EQ(RowOf({}, "fast start").at(2), "not known");
}

TEST(AssumptionsTest, LowResourcesAreTheEdgeWhoseFigureIsShownAndNotAsked) {
  EXPECT_EQ(RowOf(Said({{"scenario", "edge"}}), "low resource use"),
            (Row{"low resource use", "scenario = edge", "yes",
                 "memory < 300 MB (resource constrained, 003 §00.7.1)",
                 "ours: the documents give no condition"}));
}

TEST(AssumptionsTest, WhatWasNotSaidIsThereUntilItIsSaid) {
  for (const char* level :
       {"security_requirement", "compatibility_requirement", "performance_requirement"}) {
    EXPECT_EQ(RowOf({}, level).at(1), "Low");
    EXPECT_EQ(RowOf(Said({{level, "Medium"}}), level), Row{});
  }
  EXPECT_EQ(RowOf({}, "function_type").at(1), "true");
  EXPECT_EQ(RowOf({}, "function_type").at(2), "not said");
  EXPECT_EQ(RowOf(Said({{"function_type", "false"}}), "function_type"), Row{});
}

TEST(AssumptionsTest, WhatFollowsIsSaidToBeAssumedAndAFieldOfTheManifestIsNot) {
  Case about;
  about.Take({.security = model::Level::kHigh}, true);
  EXPECT_EQ(RowOf(about, "isolation_class"),
            (Row{"isolation_class", "high", "security_requirement = High", "",
                 "ours: two names for one thing"}));
  EXPECT_EQ(RowOf(about, "security_requirement"), Row{});
  ASSERT_TRUE(about.Set("isolation_class", "low").has_value());
  EXPECT_EQ(RowOf(about, "isolation_class"), Row{});
}

// Of every value that can be said: what is taken from it is a value of the other variable.
TEST(AssumptionsTest, WhatFollowsIsAValueOfItsVariable) {
  int follow = 0;
  for (const Variable& said : Variables()) {
    for (const std::string& value : said.words) {
      const Case about = Said({{said.id.c_str(), value.c_str()}});
      for (const Variable& other : Variables()) {
        const auto known = about.Find(other.id);
        if (!known || known->from.empty()) continue;
        EXPECT_EQ(known->from, said.id);
        EXPECT_NE(std::ranges::find(other.words, ShowValue(known->value)), other.words.end())
            << other.id;
        ++follow;
      }
    }
  }
  EXPECT_EQ(follow, 11) << "as many as case.cc lists: one with a wrong name follows from nothing";
}

TEST(AssumptionsTest, BothLanguagesSayIt) {
  for (const auto& row : AssumptionsSection(Said({{"security_requirement", "High"}})).rows) {
    EXPECT_FALSE(row.back().text.zh.empty()) << row[0].text.en;
  }
}

}  // namespace
}  // namespace strata::advisor
