#include "advisor/recommend/documents/trees.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/facts/facts.h"
#include "advisor/recommend/testing.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;
using model::Level;

const Json& Tree(const char* id) { return *FindFact(Facts(FactFile::kDecisions).at("trees"), id); }

Walk On(const char* tree, const SaidWords& said) { return WalkTree(Tree(tree), Said(said)); }

// What the tree asks for (the second need is no variable of the facts), and what that may follow
// from.
std::set<std::string> VariablesOf(const Json& tree) {
  std::set<std::string> ids{"security_requirement", "compatibility_requirement",
                            "performance_requirement"};
  for (const Json& variable : Facts(FactFile::kDecisions).at("variables")) {
    const Json& users = variable.at("used_by");
    if (std::ranges::find(users, tree.at("id")) != users.end()) ids.insert(variable.at("id"));
  }
  if (tree.at("id") == "selection_graph") ids.insert("second_need");
  return ids;
}

const Variable& VariableOf(const std::string& id) {
  return *std::ranges::find(Variables(), id, &Variable::id);
}

// All words; of a number some on both sides of what the trees compare it with.
std::vector<std::string> SomeValues(const Variable& variable) {
  if (!variable.words.empty()) return variable.words;
  if (variable.id == "latency_ms") return {"0", "10", "99", "100", "1000"};
  if (variable.id == "launches_per_second") return {"1", "50", "101"};
  return {"0.5", "0.7", "0.9"};
}

// Every combination of those values of the variables; each may be unsaid, too.
std::vector<Case> CasesOf(const std::set<std::string>& variables) {
  std::vector<Case> cases(1);
  for (const std::string& id : variables) {
    const std::size_t unsaid = cases.size();
    for (const std::string& value : SomeValues(VariableOf(id))) {
      for (std::size_t i = 0; i < unsaid; ++i) {
        cases.push_back(cases[i]);
        EXPECT_TRUE(cases.back().Set(id, value).has_value()) << id << ' ' << value;
      }
    }
  }
  return cases;
}

// With one of the values that it may have in this case: a need of another scenario is none.
bool IsKnown(const std::string& id, const Case& about) {
  const auto known = about.Find(id);
  if (!known) return false;
  const std::vector<std::string> words = about.WordsOf(VariableOf(id));
  return words.empty() || std::ranges::find(words, ShowValue(known->value)) != words.end();
}

TEST(TreesTest, ACompositeConditionNamesTheFirstVariableThatIsNotKnown) {
  const Json all = Json::parse(R"({"all": [{"var": "function_type", "op": "=", "value": true},
                                           {"var": "latency_ms", "op": "<", "value": 10},
                                           {"var": "changes_per_hour", "op": ">", "value": 1}]})");
  const auto holding = [&all](const SaidWords& said) { return HoldsFor(all, Said(said)); };
  EXPECT_EQ(holding({}).missing, "function_type");
  EXPECT_EQ(holding({{"function_type", "true"}}).missing, "latency_ms");
  EXPECT_EQ(holding({{"function_type", "true"}, {"latency_ms", "5"}}).missing, "changes_per_hour");
  EXPECT_FALSE(holding({{"function_type", "true"}}).holds);
  // What is known decides, whatever is missing before it.
  const Holding no = holding({{"latency_ms", "50"}});
  EXPECT_EQ(no.holds, false);
  EXPECT_EQ(no.missing, "");
  EXPECT_EQ(
      holding({{"function_type", "true"}, {"latency_ms", "5"}, {"changes_per_hour", "2"}}).holds,
      true);
}

TEST(TreesTest, TheRuleListIsTheSchedulersRule) {
  const Json& tree = Tree("scheduling_strategy");
  std::set<std::string> leaves;
  for (const Level security : {Level::kLow, Level::kMedium, Level::kHigh}) {
    for (const Level compatibility : {Level::kLow, Level::kMedium, Level::kHigh}) {
      for (const Level performance : {Level::kLow, Level::kMedium, Level::kHigh}) {
        for (const bool function : {false, true}) {
          const model::Requires asked{security, compatibility, performance};
          Case about;
          about.Take(asked, function);
          const Walk walk = WalkTree(tree, about);
          EXPECT_EQ(walk.missing, "");
          EXPECT_EQ(walk.sandbox_class,
                    scheduler::ByRule({.function = function, .requires_ = asked}));
          const Json& rule = tree.at("rules").at(walk.steps.size() - 1);
          const std::string& then = rule.at("then").get_ref<const std::string&>();
          EXPECT_EQ(walk.outcome.en, then);
          EXPECT_EQ(then == "WASM", walk.sandbox_class == Class::kWasm);
          EXPECT_EQ(then == "Container", walk.sandbox_class == Class::kContainer);
          leaves.insert(walk.leaf);
        }
      }
    }
  }
  EXPECT_EQ(leaves, (std::set<std::string>{"rule 1", "rule 2", "rule 3"}));
}

TEST(TreesTest, TheDocumentsTruthTableHolds) {
  const Json& tree = Tree("scheduling_strategy");
  for (const Json& row : tree.at("truth_table")) {
    const auto level = [&row](const char* key) {
      return row.at(key) == "High" ? Level::kHigh : Level::kMedium;
    };
    Case about;
    about.Take({level("security"), level("compatibility"), level("performance")},
               row.at("function").get<bool>());
    EXPECT_EQ(WalkTree(tree, about).outcome.en, row.at("result").get<std::string>()) << row.dump();
  }
}

TEST(TreesTest, EveryLeafIsReached) {
  std::set<std::string> left;
  for (const Json& tree : Facts(FactFile::kDecisions).at("trees")) {
    if (!tree.contains("nodes")) continue;
    for (const Json& node : tree.at("nodes")) {
      if (node.at("type") == "outcome") {
        left.insert(tree.at("id").get<std::string>() + " " + node.at("id").get<std::string>());
      }
    }
  }
  EXPECT_EQ(left.size(), 23U);
  for (const auto& [tree, said] : WaysToLeaves()) {
    const Walk walk = On(tree, said);
    EXPECT_EQ(walk.missing, "") << tree;
    left.erase(std::string(tree) + " " + walk.leaf);
  }
  EXPECT_EQ(left, std::set<std::string>());
}

TEST(TreesTest, EveryAnswerToEveryQuestionIsTaken) {
  using Answer = std::pair<std::string, std::string>;  // "TREE NODE", and the node it leads to
  std::set<Answer> left;
  for (const Json& tree : Facts(FactFile::kDecisions).at("trees")) {
    if (!tree.contains("nodes")) continue;
    for (const Json& node : tree.at("nodes")) {
      for (const Json& answer : node.value("answers", Json::array())) {
        left.emplace(tree.at("id").get<std::string>() + " " + node.at("id").get<std::string>(),
                     answer.at("to").get<std::string>());
      }
    }
  }
  EXPECT_EQ(left.size(), 37U) << "answers";
  for (const auto& [tree, said] : WaysToLeaves()) {
    const Walk walk = On(tree, said);
    for (std::size_t i = 0; i + 1 < walk.nodes.size(); ++i) {
      left.erase({std::string(tree) + " " + walk.nodes[i], walk.nodes[i + 1]});
    }
  }
  EXPECT_EQ(left, std::set<Answer>());
}

// Two ways lead to its last question; what is asked before it makes no difference there.
TEST(TreesTest, AnUndemandingEnterpriseThatLaunchesOftenIsAskedWhetherItCanChangeCode) {
  const auto with = [](const char* refactor) {
    return On("enterprise_tree", {{"isolation_above_compliance", "false"},
                                  {"launches_per_second", "2"},
                                  {"can_refactor", refactor}});
  };
  const std::vector<std::string> way{"Start", "Q1", "Q3", "Q4", "WASM", "A1"};
  EXPECT_EQ(with("true").nodes, way);
  EXPECT_EQ(with("true").sandbox_class, Class::kWasm);
  EXPECT_EQ(with("false").leaf, "Kata");
  EXPECT_EQ(with("false").sandbox_class, Class::kMicrovm);
}

TEST(TreesTest, ATeamWithoutRustIsGivenKataByTheUtilityTree) {
  const Walk walk =
      On("utility_tree",
         {{"isolation_score", "0.9"}, {"launches_per_second", "101"}, {"rust_ability", "0.6"}});
  EXPECT_EQ(walk.nodes, (std::vector<std::string>{"D1", "D2", "D3", "K", "U2"}));
  EXPECT_EQ(walk.sandbox_class, Class::kMicrovm);
  EXPECT_EQ(DecidedBy(walk).en, "rust_ability = 0.6");
}

TEST(TreesTest, AWalkStopsAtWhatIsNotKnownAndSaysSo) {
  EXPECT_EQ(On("enterprise_tree", {}).missing, "isolation_above_compliance");
  const Walk walk = On("enterprise_tree", {{"security_requirement", "High"}});
  EXPECT_EQ(walk.missing, "latency_ms");
  ASSERT_EQ(walk.steps.size(), 1U);
  EXPECT_EQ(walk.steps[0].because.en,
            "isolation_above_compliance = true, from security_requirement");
  EXPECT_FALSE(walk.sandbox_class.has_value());
  // A need of another scenario is none of this one's.
  EXPECT_EQ(
      On("selection_graph", {{"scenario", "edge"}, {"second_need", "fast deployment"}}).missing,
      "second_need");
  EXPECT_EQ(On("scheduling_strategy", {{"security_requirement", "High"}}).leaf, "rule 1");
  EXPECT_EQ(On("scheduling_strategy", {{"latency_ms", "5"}}).missing, "security_requirement");
}

// What is said of the rule decides it with what a manifest leaves out, as the scheduler will.
TEST(TreesTest, TheRuleTakesWhatWasNotSaidAsTheManifestHasIt) {
  const Walk low = On("scheduling_strategy", {{"security_requirement", "Low"}});
  EXPECT_EQ(low.missing, "");
  EXPECT_EQ(low.sandbox_class, Class::kContainer);
  EXPECT_TRUE(
      low.steps.front().because.en.contains("compatibility_requirement = Low, from assumptions"))
      << low.steps.front().because.en;
  EXPECT_EQ(On("scheduling_strategy", {{"performance_requirement", "High"}}).sandbox_class,
            Class::kWasm);
}

TEST(TreesTest, OutcomesAreClassesOfOurs) {
  EXPECT_EQ(
      On("selection_graph", {{"scenario", "microservices"}, {"second_need", "service governance"}})
          .sandbox_class,
      std::nullopt);
  EXPECT_EQ(On("selection_graph", {{"scenario", "edge"}, {"second_need", "secure isolation"}})
                .sandbox_class,
            Class::kAppkernel);
  EXPECT_EQ(On("evolution_tree", {{"isolation_class", "low"}}).sandbox_class, Class::kMicrovm);
  const Walk wasm =
      On("evolution_tree",
         {{"isolation_class", "high"}, {"performance_class", "extreme"}, {"can_refactor", "true"}});
  EXPECT_EQ(wasm.sandbox_class, Class::kWasm);
  EXPECT_EQ(wasm.consequences.size(), 3U);
}

// A walk comes to a leaf, or stops at what nobody said.
TEST(TreesTest, WalksAreTotalAndDeterministic) {
  const Json& trees = Facts(FactFile::kDecisions).at("trees");
  ASSERT_EQ(trees.size(), 6U);
  for (const Json& tree : trees) {
    const std::set<std::string> variables = VariablesOf(tree);
    for (const Case& about : CasesOf(variables)) {
      const Walk once = WalkTree(tree, about);
      const Walk again = WalkTree(tree, about);
      ASSERT_NE(once.missing.empty(), once.leaf.empty()) << once.tree;
      ASSERT_EQ(once.leaf, again.leaf);
      ASSERT_EQ(once.sandbox_class, again.sandbox_class);
      if (once.missing.empty()) continue;
      ASSERT_TRUE(variables.contains(once.missing)) << once.tree << ' ' << once.missing;
      ASSERT_FALSE(IsKnown(once.missing, about)) << once.tree << ' ' << once.missing;
    }
  }
}

}  // namespace
}  // namespace strata::advisor
