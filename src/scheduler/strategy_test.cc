#include "scheduler/strategy.h"

#include <array>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;
using ::testing::HasSubstr;

constexpr std::array kAll = model::kClasses;

Figures FiguresOf(double p99_ms, double cpu_ms, double memory_mib) {
  return {.p50_ms = p99_ms / 2,
          .p99_ms = p99_ms,
          .cold_start_ms = 10 * p99_ms,
          .cpu_ms = cpu_ms,
          .memory_mib = memory_mib,
          .source = "strata measure"};
}

// A workload with both variants, measured in every class, the usual way round.
std::vector<Option> Options() {
  return {{Class::kWasm, true, "", "", FiguresOf(1, 0.3, 2)},
          {Class::kContainer, true, "", "", FiguresOf(30, 8, 1)},
          {Class::kAppkernel, true, "", "", FiguresOf(120, 80, 20)},
          {Class::kMicrovm, true, "", "", FiguresOf(250, 200, 90)}};
}

Node NodeWith(std::initializer_list<Class> classes) {
  return {.name = "local", .free_memory = Bytes::MiB(1024), .classes = classes};
}

class StrategyTest : public ::testing::Test {
 protected:
  Result<model::Placement> Decide() { return Choose(question_, options_, nodes_, prices_); }
  Class Chosen() {
    auto placement = Decide();
    EXPECT_TRUE(placement.has_value()) << placement.error().message;
    return placement ? placement->sandbox_class : Class::kWasm;
  }
  std::string Refusal() {
    auto placement = Decide();
    EXPECT_FALSE(placement.has_value());
    return placement ? "" : placement.error().message;
  }
  // Why `sandbox_class` was not taken.
  std::string Lost(Class sandbox_class) {
    auto placement = Decide();
    if (!placement) return placement.error().message;
    for (const model::Alternative& each : placement->alternatives) {
      if (each.sandbox_class == sandbox_class) return each.lost;
    }
    return "it is not listed";
  }
  Option& At(Class sandbox_class) {
    return *std::ranges::find(options_, sandbox_class, &Option::sandbox_class);
  }

  Question question_{.memory = Bytes::MiB(64)};
  std::vector<Option> options_ = Options();
  meter::Prices prices_;
  std::vector<Node> nodes_ = {
      NodeWith({Class::kWasm, Class::kContainer, Class::kAppkernel, Class::kMicrovm})};
};

TEST_F(StrategyTest, ThePriceListDecidesWhatIsCheapest) {
  ASSERT_TRUE(prices_.Set("wasm.cpu_hour=10").has_value());
  EXPECT_EQ(Chosen(), Class::kContainer);
}

TEST_F(StrategyTest, AStartIsPaidForByWhatStartsForEachCall) {
  ASSERT_TRUE(prices_.Set("wasm.start=0.01").has_value());
  EXPECT_EQ(Chosen(), Class::kContainer);
  question_.start_each = false;
  EXPECT_EQ(Chosen(), Class::kWasm);
}

TEST_F(StrategyTest, TheCheapestOfWhatFitsIsTaken) {
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_THAT(Lost(Class::kContainer), HasSubstr("times as much as wasm"));
  At(Class::kContainer).figures = FiguresOf(0.5, 0.01, 1);
  EXPECT_EQ(Chosen(), Class::kContainer);
}

TEST_F(StrategyTest, AContainerWinsTies) {
  for (Option& option : options_) option.figures = FiguresOf(1, 1, 1);
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "container wins ties");
}

TEST_F(StrategyTest, HighSecurityOrCompatibilityIsAMachineOfItsOwn) {
  question_.requires_.security = Level::kHigh;
  EXPECT_EQ(Chosen(), Class::kMicrovm);
  EXPECT_THAT(Lost(Class::kWasm), HasSubstr("requires.security: high"));
  question_.requires_ = {.compatibility = Level::kHigh};
  EXPECT_EQ(Chosen(), Class::kMicrovm);
}

TEST_F(StrategyTest, AContainerWithinAMachineIsStrongEnoughForAnything) {
  options_.push_back({Class::kContainerInMicrovm, true, "", "", std::nullopt});
  nodes_[0].classes.Add(Class::kContainerInMicrovm);
  question_.requires_.security = Level::kHigh;
  EXPECT_EQ(Chosen(), Class::kMicrovm);
  question_.asked = Class::kContainerInMicrovm;
  EXPECT_EQ(Chosen(), Class::kContainerInMicrovm);
}

TEST_F(StrategyTest, MediumSecurityDoesNotShareTheHostsKernel) {
  question_.requires_.security = Level::kMedium;
  At(Class::kWasm).variant = false;
  EXPECT_EQ(Chosen(), Class::kAppkernel);
  EXPECT_THAT(Lost(Class::kContainer), HasSubstr("medium"));
}

TEST_F(StrategyTest, AFastFunctionWithAWasmVariantIsWasmAlone) {
  question_.requires_.performance = Level::kHigh;
  At(Class::kContainer).figures = FiguresOf(0.1, 0.01, 0.1);  // cheaper, but not asked
  EXPECT_EQ(Chosen(), Class::kWasm);
  question_.function = false;
  EXPECT_EQ(Chosen(), Class::kContainer);
}

TEST_F(StrategyTest, WhatTheHostLacksLeavesTheSetWithItsReason) {
  nodes_ = {NodeWith({Class::kContainer})};
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "no node has this class");
  At(Class::kContainer).lacking = "cannot have that volume";
  EXPECT_THAT(Refusal(), HasSubstr("container: cannot have that volume"));
}

TEST_F(StrategyTest, ANodeWithRoomIsFound) {
  nodes_ = {NodeWith({Class::kWasm}), NodeWith({Class::kWasm}), NodeWith({Class::kContainer})};
  nodes_[0].free_memory = Bytes::MiB(32);
  nodes_[1].name = "roomy";
  EXPECT_EQ(Decide()->node, "roomy");
  nodes_[1].free_memory = Bytes::MiB(32);
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "no node of this class has 64 MiB free");
}

TEST_F(StrategyTest, TheSloIsKeptBeforeMoneyIsSaved) {
  At(Class::kWasm).figures = FiguresOf(50, 0.001, 0.1);
  question_.slo.p99 = std::chrono::milliseconds(40);
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "slo.p99_ms is 40, measured here: 50");
}

TEST_F(StrategyTest, WhatWasNeverMeasuredIsTakenWhereNothingMeasuredKeepsTheSlo) {
  At(Class::kAppkernel).figures.reset();
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_THAT(Lost(Class::kAppkernel), HasSubstr("not measured"));
  question_.slo.p99 = std::chrono::milliseconds(1);
  At(Class::kWasm).variant = false;
  EXPECT_EQ(Chosen(), Class::kAppkernel);
  EXPECT_THAT(Decide()->because, HasSubstr("whether it keeps the SLO is not known"));
}

TEST_F(StrategyTest, AFirstCallThatWasNeverMeasuredIsNotTakenForFast) {
  At(Class::kWasm).figures->cold_start_ms.reset();
  question_.slo.cold_start = std::chrono::milliseconds(500);
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_THAT(Lost(Class::kWasm), HasSubstr("whether it keeps the SLO is not known"));
  At(Class::kContainer).variant = false;
  question_.slo.cold_start = std::chrono::milliseconds(5);
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_THAT(Decide()->because, HasSubstr("whether it keeps the SLO is not known"));
}

TEST_F(StrategyTest, WithoutAnyFigureTheContainerGoesFirst) {
  for (Option& option : options_) option.figures.reset();
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_THAT(Decide()->because, HasSubstr("nothing was measured"));
}

TEST_F(StrategyTest, TheRuleOfTheDocumentGivesOneClass) {
  question_.by = model::PlacementBy::kRule;
  EXPECT_EQ(Chosen(), Class::kContainer);
  question_.requires_.performance = Level::kHigh;
  EXPECT_EQ(Chosen(), Class::kWasm);
  question_.requires_.security = Level::kHigh;
  EXPECT_EQ(Chosen(), Class::kMicrovm);
  question_.requires_ = {};
  question_.by = model::PlacementBy::kCost;
  EXPECT_EQ(Decide()->by_rule, Class::kContainer) << "shown beside the other answer";
}

TEST_F(StrategyTest, AClassThatIsAskedForIsHeldToFloorAndSlo) {
  question_.asked = Class::kContainer;
  question_.requires_.performance = Level::kHigh;
  EXPECT_EQ(Chosen(), Class::kContainer);
  question_.requires_.security = Level::kMedium;
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: requires.security: low; "
                                   "leave spec.class out"));
  question_.requires_ = {};
  question_.slo.p99 = std::chrono::milliseconds(20);
  EXPECT_THAT(Refusal(), HasSubstr("container: slo.p99_ms is 20, measured here: 30"));
}

TEST_F(StrategyTest, ARefusalSaysWhatWouldHaveToGiveAndByHowMuch) {
  question_.requires_.security = Level::kHigh;
  question_.slo.p99 = std::chrono::milliseconds(20);
  const std::string text = Refusal();
  EXPECT_THAT(text, HasSubstr("microvm: slo.p99_ms is 20, measured here: 250"));
  EXPECT_THAT(text, HasSubstr("requires.security: medium"));
  EXPECT_THAT(text, HasSubstr("slo.p99_ms: 251"));
  question_.requires_.compatibility = Level::kHigh;
  question_.slo.cold_start = std::chrono::milliseconds(1);
  EXPECT_THAT(Refusal(), HasSubstr("no single requirement"));
}

TEST_F(StrategyTest, WhatCostsMoreThanTheBudgetIsNotTaken) {
  question_.requires_.security = Level::kHigh;
  question_.budget.cents = 1;
  EXPECT_THAT(Refusal(), HasSubstr("microvm: budget.usd_cents is 1, it costs "));
  const std::string text = Refusal();
  const auto at = text.find("; budget.usd_cents: ");
  ASSERT_NE(at, std::string::npos) << text;
  const auto enough = static_cast<std::uint32_t>(std::stoul(text.substr(at + 20)));
  question_.budget.cents = enough - 1;
  EXPECT_FALSE(Decide().has_value());
  question_.budget.cents = enough;
  EXPECT_EQ(Chosen(), Class::kMicrovm);
  At(Class::kMicrovm).figures.reset();
  question_.budget.cents = 0;
  EXPECT_THAT(Decide()->because, HasSubstr("is not known"));
}

TEST_F(StrategyTest, AClassThatGrantsNoDeviceIsNotTakenByWhoAsksForOne) {
  At(Class::kWasm).withheld = "spec.devices[0] (gpu): none there";
  EXPECT_EQ(Chosen(), Class::kWasm) << "nobody asked";
  question_.devices = true;
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "spec.devices[0] (gpu): none there");
  for (Option& option : options_) option.withheld = "none";
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: leave spec.devices out"));
  question_.asked = Class::kContainer;
  EXPECT_THAT(Refusal(), HasSubstr("container: none")) << "also where the manifest names the class";
}

// What must hold of every decision, over thousands of questions.
class PropertiesTest : public ::testing::Test {
 protected:
  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  Level AnyLevel() { return static_cast<Level>(Pick(3)); }

  void MakeQuestion() {
    question_ = {.function = Pick(2) == 0,
                 .requires_ = {AnyLevel(), AnyLevel(), AnyLevel()},
                 .by = Pick(4) == 0 ? model::PlacementBy::kRule : model::PlacementBy::kCost,
                 .memory = Bytes::MiB(64)};
    if (Pick(2) == 0) question_.slo.p99 = std::chrono::milliseconds(1 + Pick(300));
    if (Pick(2) == 0) question_.budget.cents = static_cast<std::uint32_t>(Pick(300));
    question_.devices = Pick(4) == 0;
    if (Pick(4) == 0) question_.asked = kAll[static_cast<std::size_t>(Pick(5))];
    options_.clear();
    for (const Class each : kAll) {
      Option option{each, Pick(4) != 0, Pick(6) == 0 ? "cannot" : "",
                    Pick(2) == 0 ? "withheld" : "", std::nullopt};
      if (Pick(4) != 0) option.figures = FiguresOf(1 + Pick(300), Pick(100), Pick(200));
      options_.push_back(std::move(option));
    }
    nodes_ = {NodeWith({}), NodeWith({})};
    for (Node& node : nodes_) {
      node.classes = {};
      for (const Class each : kAll) {
        if (Pick(2) == 0) node.classes.Add(each);
      }
    }
  }

  std::mt19937 random_{20261127};
  Question question_;
  std::vector<Option> options_;
  std::vector<Node> nodes_;
};

TEST_F(PropertiesTest, HoldForEveryDecision) {
  int decided = 0;
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    const auto placement = Choose(question_, options_, nodes_);
    ASSERT_EQ(Choose(question_, options_, nodes_).has_value(), placement.has_value());
    if (!placement) continue;
    ++decided;
    ASSERT_EQ(*Choose(question_, options_, nodes_), *placement) << "deterministic";
    const Class chosen = placement->sandbox_class;
    const model::Requires& asks = question_.requires_;
    if (asks.security == Level::kHigh || asks.compatibility == Level::kHigh) {
      ASSERT_GE(chosen, Class::kMicrovm) << "never below the floor";
    }
    ASSERT_FALSE(asks.security == Level::kMedium && chosen == Class::kContainer);
    const Option& option = options_[static_cast<std::size_t>(chosen)];
    ASSERT_TRUE(option.variant && option.lacking.empty()) << "never what cannot run";
    ASSERT_TRUE(!question_.devices || option.withheld.empty()) << "nor what lacks a device";
    ASSERT_TRUE(nodes_[0].classes.Has(chosen) || nodes_[1].classes.Has(chosen));
    ASSERT_EQ(placement->alternatives.size(), kAll.size());
    ASSERT_EQ(placement->alternatives.front().lost, "");
    for (std::size_t n = 1; n < kAll.size(); ++n) {
      ASSERT_NE(placement->alternatives[n].lost, "") << "every loser has a reason";
    }
    const auto& now = placement->alternatives.front().estimate;
    if (question_.budget.cents && now) {
      ASSERT_LE(now->cost * 100, *question_.budget.cents);
      // More money never takes a class away, and does not buy what is dearer.
      const Question poorer = question_;
      question_.budget.cents = *question_.budget.cents + static_cast<std::uint32_t>(Pick(300));
      const auto richer = Choose(question_, options_, nodes_);
      ASSERT_TRUE(richer.has_value());
      ASSERT_EQ(richer->sandbox_class, chosen);
      question_ = poorer;
    }
    // A looser SLO never costs more.
    if (!question_.slo.p99 || !now) continue;
    question_.slo.p99 = *question_.slo.p99 * 2;
    const auto looser = Choose(question_, options_, nodes_);
    ASSERT_TRUE(looser.has_value());
    ASSERT_LE(looser->alternatives.front().estimate->cost, now->cost);
  }
  EXPECT_GT(decided, 2000);
}

}  // namespace
}  // namespace strata::scheduler
