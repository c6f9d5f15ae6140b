#include "advisor/recommend/documents/disagreements.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/recommend/testing.h"

namespace strata::advisor {
namespace {

Section Of(const SaidWords& said) {
  const Case about = Said(said);
  return DisagreementsSection(about, WalkAll(about));
}

// Which of the documents' five are there.
std::vector<std::string> Named(const SaidWords& said) {
  std::vector<std::string> named;
  for (const auto& row : Of(said).rows) {
    if (FindFact(Facts(FactFile::kDecisions).at("disagreements"), row[0].text.en) != nullptr) {
      named.push_back(row[0].text.en);
    }
  }
  return named;
}

using Ids = std::vector<std::string>;

TEST(DisagreementsTest, StepsThatMakeTheDifferenceAreSaid) {
  const Section section = Of({{"isolation_class", "low"}, {"latency_ms", "5"}});
  ASSERT_EQ(section.rows.size(), 1U) << "none of the documents' five is of these trees";
  const std::string& here = section.rows[0][2].text.en;
  EXPECT_TRUE(here.contains("launch_tree: wasm, because latency_ms = 5")) << here;
  EXPECT_TRUE(here.contains("evolution_tree: microvm, because isolation_class = low")) << here;
  EXPECT_TRUE(Of({}).rows.empty());
  EXPECT_TRUE(Of({{"latency_ms", "5"}}).rows.empty());
}

TEST(DisagreementsTest, OfTheLaunchThresholdOnlyBetweenTheTwo) {
  const auto with = [](const char* launches) {
    return Named({{"isolation_above_compliance", "false"},
                  {"isolation_score", "0.9"},
                  {"can_refactor", "true"},
                  {"launches_per_second", launches}});
  };
  EXPECT_EQ(with("50"), Ids{"launch_threshold"});
  EXPECT_EQ(with("1"), Ids{});
  EXPECT_EQ(with("101"), Ids{});
}

TEST(DisagreementsTest, OfLowIsolationOnlyAboveOneLaunchASecond) {
  const auto with = [](const char* score, const char* launches) {
    return Named({{"isolation_above_compliance", "false"},
                  {"isolation_score", score},
                  {"can_refactor", "false"},
                  {"launches_per_second", launches}});
  };
  EXPECT_EQ(with("0.5", "2"), Ids{"isolation_then_container"});
  EXPECT_EQ(with("0.5", "1"), Ids{});
  EXPECT_EQ(with("0.9", "200"), Ids{}) << "the utility tree asked for launches";
}

TEST(DisagreementsTest, OfQuarkOnlyWhereItIsRecommended) {
  const auto with = [](const char* refactor, const char* performance) {
    return Named({{"isolation_class", "high"},
                  {"performance_class", performance},
                  {"can_refactor", refactor},
                  {"isolation_above_compliance", "true"},
                  {"latency_ms", "50"}});
  };
  EXPECT_EQ(with("false", "extreme"), Ids{"quark_only_once"});
  EXPECT_EQ(with("false", "balanced"), Ids{}) << "Kata everywhere";
  EXPECT_EQ(with("true", "extreme"), Ids{});
}

TEST(DisagreementsTest, OfPlainMachinesOnlyWhereTheStrategyHasAMicrovm) {
  const auto with = [](const char* isolation, const char* security) {
    return Named({{"isolation_class", isolation},
                  {"security_requirement", security},
                  {"compatibility_requirement", "Low"},
                  {"performance_requirement", "Low"},
                  {"function_type", "false"}});
  };
  EXPECT_EQ(with("low", "High"), Ids{"vm_only_once"}) << "all three are class microvm here";
  EXPECT_EQ(with("low", "Low"), Ids{});
  EXPECT_EQ(with("medium", "High"), Ids{});
  const Section section = Of({{"isolation_class", "low"}, {"security_requirement", "High"}});
  ASSERT_EQ(section.rows.size(), 1U);
  EXPECT_EQ(section.rows[0][2].text.en,
            "scheduling_strategy: MicroVM, evolution_tree: choose virtualization");
}

TEST(DisagreementsTest, OfHighSecurityOnlyWhereATreeGivesWasmAllTheSame) {
  const auto with = [](const char* security, const char* compatibility, const char* refactor) {
    return Named({{"security_requirement", security},
                  {"compatibility_requirement", compatibility},
                  {"isolation_above_compliance", "true"},
                  {"latency_ms", "50"},
                  {"can_refactor", refactor}});
  };
  EXPECT_EQ(with("High", "Low", "true"), Ids{"security_before_wasm"});
  EXPECT_EQ(std::ranges::count(with("Low", "High", "true"), "security_before_wasm"), 0)
      << "the rule held for compatibility";
  EXPECT_EQ(with("High", "Low", "false"), Ids{});
}

TEST(DisagreementsTest, EachOfTheDocumentsFiveIsToldInBothLanguages) {
  const Json& all = Facts(FactFile::kDecisions).at("disagreements");
  ASSERT_EQ(all.size(), 5U);
  const Section section = Of({{"isolation_class", "low"}, {"security_requirement", "High"}});
  EXPECT_EQ(section.rows[0][2].text.zh,
            "scheduling_strategy: MicroVM 沙箱, evolution_tree: 选择虚拟化");
}

}  // namespace
}  // namespace strata::advisor
