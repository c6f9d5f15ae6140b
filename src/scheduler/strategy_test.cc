#include "scheduler/strategy.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
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
          .busy_ms = cpu_ms,
          .memory_mib = memory_mib,
          .failures = std::nullopt,
          .source = "strata measure"};
}

// A workload with both variants, measured in every class, the usual way round.
std::vector<Option> Options() {
  return {{Class::kWasm, true, "", "", "", FiguresOf(1, 0.3, 2)},
          {Class::kContainer, true, "", "", "", FiguresOf(30, 8, 1)},
          {Class::kAppkernel, true, "", "", "", FiguresOf(120, 80, 20)},
          {Class::kMicrovm, true, "", "", "", FiguresOf(250, 200, 90)}};
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
  options_.push_back({Class::kContainerInMicrovm, true, "", "", "", std::nullopt});
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
}

TEST_F(StrategyTest, WhereNothingAloneWouldDoARefusalSaysWhatWouldTogether) {
  question_.slo.p99 = std::chrono::milliseconds(10);
  question_.slo.cold_start = std::chrono::milliseconds(100);
  At(Class::kWasm).variant = false;
  At(Class::kAppkernel).figures->cold_start_ms = 50;
  At(Class::kAppkernel).figures->failures = {.rate = 0.5, .calls = 100};
  question_.slo.availability = 999'000;
  question_.budget.cents = 200;
  EXPECT_THAT(Refusal(), HasSubstr("no single requirement that gave way would do; these would "
                                   "together:\n"
                                   "  container: slo.p99_ms: 31, slo.cold_start_ms: 301\n"
                                   "  appkernel: slo.p99_ms: 121, slo.availability: 59.6"));
  EXPECT_THAT(Refusal(), HasSubstr("\n  microvm: slo.p99_ms: 251, slo.cold_start_ms: 2501, "
                                   "budget.usd_cents: 2"));
  question_.requires_.security = Level::kMedium;
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr("container: slo"))) << "it is below the floor";
  question_.asked = Class::kContainer;
  EXPECT_THAT(Refusal(), ::testing::EndsWith("no single requirement that gave way would do"));
}

TEST_F(StrategyTest, WhatAManifestCannotAskForIsLeftOut) {
  question_.asked = Class::kWasm;
  At(Class::kWasm).figures = FiguresOf(4e6, 0.3, 2);
  question_.slo.p99 = std::chrono::milliseconds(5);
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: leave slo.p99_ms out"));
  question_.slo = {.qps = 1};
  At(Class::kWasm).figures->p50_ms = 4e6;
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: leave slo.qps out"));
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

TEST_F(StrategyTest, WhatCannotCarryTheLoadIsNotTaken) {
  nodes_[0].cores = 2;
  question_.cells = 2;
  question_.slo.qps = 1000;
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_NEAR(*Decide()->alternatives.front().estimate->qps, 0.7 * 2 / 0.3e-3, 1);
  EXPECT_EQ(Lost(Class::kContainer), "slo.qps is 1000, it can carry 175");  // 8 ms each
  At(Class::kWasm).variant = false;
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: slo.qps: 175"));
  question_.slo.qps = 176;
  EXPECT_FALSE(Decide().has_value());
  question_.slo.qps = 175;
  EXPECT_EQ(Chosen(), Class::kContainer);
  At(Class::kContainer).figures->busy_ms = 16;  // with starting its sandbox
  EXPECT_FALSE(Decide().has_value());
}

TEST_F(StrategyTest, ANodeWithTheProcessorsIsFound) {
  nodes_ = {NodeWith({Class::kContainer}), NodeWith({Class::kContainer})};
  nodes_[0].free_memory = Bytes::MiB(4096);
  nodes_[1].cores = 8;
  nodes_[1].name = "fast";
  EXPECT_EQ(Decide()->node, "local") << "the roomiest";
  question_.slo.qps = 600;
  EXPECT_EQ(Decide()->node, "fast");
  question_.slo.qps = 800;
  EXPECT_THAT(Refusal(), HasSubstr("slo.qps: 700")) << "of the node with most of them";
}

TEST_F(StrategyTest, TheCheapestNodeThatIsEnoughIsTakenAndItsPriceCounts) {
  nodes_ = {NodeWith({Class::kContainer}), NodeWith({Class::kContainer}),
            NodeWith({Class::kContainer})};
  const double list = Decide()->alternatives.front().estimate->cost;
  nodes_[0].free_memory = Bytes::MiB(4096);
  nodes_[1] = {.name = "spot",
               .free_memory = Bytes::MiB(128),
               .classes = nodes_[1].classes,
               .cores = 1,
               .price = 0.25};
  nodes_[2].name = "spot and fast";
  nodes_[2].cores = 8;
  nodes_[2].price = 0.5;
  EXPECT_EQ(Decide()->node, "spot");
  EXPECT_DOUBLE_EQ(Decide()->alternatives.front().estimate->cost, list / 4);
  question_.slo.qps = 600;
  EXPECT_EQ(Decide()->node, "spot and fast") << "the cheaper one has not the processors";
  question_.memory = Bytes::MiB(2048);
  EXPECT_THAT(Refusal(), HasSubstr("slo.qps")) << "only the small and dear one has the memory";
}

TEST_F(StrategyTest, ACheapNodeWithADearClassMayWin) {
  nodes_ = {NodeWith({Class::kContainer}), NodeWith({Class::kAppkernel})};
  ASSERT_EQ(Chosen(), Class::kContainer);
  nodes_[1].price = 0.05;
  EXPECT_EQ(Chosen(), Class::kAppkernel);
}

TEST_F(StrategyTest, AServersLoadIsBoundByItsReplicas) {
  nodes_[0].cores = 4;
  question_.function = false;
  question_.asked = Class::kContainer;
  question_.slo.qps = 200;
  EXPECT_THAT(Refusal(), HasSubstr("slo.qps: 87; replicas: 3"));
  question_.replicas = 2;
  EXPECT_THAT(Refusal(), HasSubstr("replicas: 3"));
  question_.replicas = 3;
  EXPECT_EQ(Chosen(), Class::kContainer);
  question_.slo.qps = 400;
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr("replicas:"))) << "there are no more processors";
}

TEST_F(StrategyTest, AdviceNamesTheFieldThatTheManifestHas) {
  nodes_[0].cores = 4;
  question_.function = false;
  question_.asked = Class::kContainer;
  question_.slo.qps = 200;
  question_.replicas_field = "scale.max";
  EXPECT_THAT(Refusal(), HasSubstr("; scale.max: 3"));
  question_.replicas_field = "";
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: slo.qps: 87"));
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr(": 3")));
}

TEST_F(StrategyTest, CallsThatWaitAreBoundByHowManyThereMayBe) {
  question_.asked = Class::kWasm;
  At(Class::kWasm).figures = FiguresOf(2000, 0.001, 1);  // waits for others, a second each
  question_.concurrency = 10;
  question_.slo.qps = 70;
  EXPECT_THAT(Refusal(), HasSubstr("slo.qps: 7; limits.concurrency: 100"));
  question_.concurrency = 100;
  EXPECT_EQ(Chosen(), Class::kWasm);
}

TEST_F(StrategyTest, WhatFailsTooOftenIsNotTaken) {
  question_.slo.availability = 999'000;
  EXPECT_THAT(Decide()->because, HasSubstr("whether it keeps the SLO is not known"));
  At(Class::kWasm).figures->failures = {.rate = 0.05, .calls = 1000};
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "slo.availability is 99.9, measured here: at most 96.2");
  At(Class::kContainer).figures->failures = {.rate = 0, .calls = 100};
  EXPECT_EQ(Chosen(), Class::kContainer) << "too few calls to tell";
  EXPECT_THAT(Decide()->because, HasSubstr("is not known"));
  At(Class::kMicrovm).figures->failures = {.rate = 0, .calls = 10'000};
  EXPECT_EQ(Chosen(), Class::kMicrovm) << "known to keep it, though it is the dearest";
  EXPECT_THAT(Lost(Class::kContainer), HasSubstr("not known from what was seen so far"));
}

TEST_F(StrategyTest, ARefusalForFailuresSaysWhatWasSeen) {
  question_.asked = Class::kWasm;
  question_.slo.availability = 999'999;
  At(Class::kWasm).figures->failures = {.rate = 0.5, .calls = 100};
  EXPECT_THAT(Refusal(), HasSubstr("slo.availability: 59.6"));
  question_.slo.availability = 590'000;
  EXPECT_EQ(Chosen(), Class::kWasm);
}

TEST_F(StrategyTest, EveryMeasuredClassHasAScore) {
  At(Class::kAppkernel).figures.reset();
  At(Class::kMicrovm).lacking = "cannot";
  const auto placement = Decide();
  for (const model::Alternative& each : placement->alternatives) {
    ASSERT_EQ(each.score.has_value(), each.estimate.has_value());
    if (each.score) {
      EXPECT_LE(*each.score, 1);
    }
  }
  const auto& [best, second] = std::pair(placement->alternatives[0], placement->alternatives[1]);
  EXPECT_EQ(best.score, 1.0);
  EXPECT_DOUBLE_EQ(*second.score, best.estimate->cost / second.estimate->cost);
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
    if (Pick(3) == 0) question_.slo.qps = static_cast<std::uint32_t>(1 + Pick(300));
    if (Pick(4) == 0)
      question_.slo.availability = 1'000'000 - static_cast<std::uint32_t>(Pick(99'999));
    question_.devices = Pick(4) == 0;
    if (Pick(4) == 0) question_.asked = kAll[static_cast<std::size_t>(Pick(5))];
    options_.clear();
    for (const Class each : kAll) {
      Option option{
          each, Pick(4) != 0, Pick(6) == 0 ? "cannot" : "", Pick(2) == 0 ? "withheld" : "",
          "",   std::nullopt};
      if (Pick(4) != 0) option.figures = FiguresOf(1 + Pick(300), Pick(100), Pick(200));
      if (option.figures && Pick(2) == 0) {
        option.figures->failures = {.rate = Pick(20) / 100.0, .calls = 1.0 + Pick(10'000)};
      }
      options_.push_back(std::move(option));
    }
    nodes_ = {NodeWith({}), NodeWith({})};
    for (Node& node : nodes_) {
      node.classes = {};
      node.cores = 1 + Pick(8);
      node.price = (1 + Pick(4)) / 4.0;
      for (const Class each : kAll) {
        if (Pick(2) == 0) node.classes.Add(each);
      }
    }
  }

  // "  container: slo.p99_ms: 31, leave slo.qps out"
  void Take(const std::string& way) {
    const auto with = [&way](const char* field) -> std::optional<double> {
      const auto at = way.find(std::string(field) + ": ");
      if (at == way.npos) return std::nullopt;
      return std::stod(way.substr(at + std::string(field).size() + 2));
    };
    const auto give = [&](const char* field, auto& asked, auto value) {
      const auto told = with(field);
      if (told) asked = value(*told);
      if (way.find("leave " + std::string(field) + " out") != way.npos) asked.reset();
    };
    const auto ms = [](double told) {
      return std::chrono::milliseconds(static_cast<std::int64_t>(told));
    };
    const auto whole = [](double told) { return static_cast<std::uint32_t>(std::lround(told)); };
    give("slo.p99_ms", question_.slo.p99, ms);
    give("slo.cold_start_ms", question_.slo.cold_start, ms);
    give("slo.qps", question_.slo.qps, whole);
    give("slo.availability", question_.slo.availability,
         [&](double told) { return whole(told * 1e4); });
    give("budget.usd_cents", question_.budget.cents, whole);
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
  }
  EXPECT_GT(decided, 2000);
}

TEST_F(PropertiesTest, WhatIsTakenKeepsWhatIsBounded) {
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    const auto placement = Choose(question_, options_, nodes_);
    if (!placement || !placement->alternatives.front().estimate) continue;
    const model::Estimate& estimate = *placement->alternatives.front().estimate;
    if (question_.slo.p99) {
      ASSERT_LE(estimate.p99_ms, question_.slo.p99->count());
    }
    if (question_.slo.qps) {
      ASSERT_GE(*estimate.qps, *question_.slo.qps);
    }
    if (question_.budget.cents) {
      ASSERT_LE(estimate.cost * 100, *question_.budget.cents);
    }
    const auto& failures =
        options_[static_cast<std::size_t>(placement->sandbox_class)].figures->failures;
    if (question_.slo.availability && failures) {
      ASSERT_GE((1 - failures->Least()) * 1e6, *question_.slo.availability);
    }
  }
}

// A refusal that names a bound says what would do, and it does.
TEST_F(PropertiesTest, WhatIsRefusedForItsBoundsAloneIsToldAWayThatWorks) {
  int together = 0;
  for (int i = 0; i < 20'000; ++i) {
    MakeQuestion();
    if (Pick(2) == 0) question_.slo.cold_start = std::chrono::milliseconds(1 + Pick(3000));
    const auto placement = Choose(question_, options_, nodes_);
    if (placement) continue;
    const std::string& text = placement.error().message;
    if (text.find(": slo.") == text.npos && text.find(": budget.") == text.npos) continue;
    const auto lines = text.find("these would together:\n");
    ASSERT_TRUE(lines != text.npos || text.find("would do: ") != text.npos) << text;
    if (lines == text.npos) continue;
    ++together;
    std::istringstream ways(text.substr(lines));
    std::string way;
    std::getline(ways, way);
    while (std::getline(ways, way)) {
      const Question before = question_;
      Take(way);
      ASSERT_TRUE(Choose(question_, options_, nodes_).has_value()) << text << "\n" << way;
      question_ = before;
    }
  }
  EXPECT_GT(together, 100);
}

// Whoever asks for less is never refused what was given for more, and never pays more for it.
TEST_F(PropertiesTest, AskingForLessNeverCostsMore) {
  int compared = 0;
  for (int i = 0; i < 40'000; ++i) {
    MakeQuestion();
    const auto before = Choose(question_, options_, nodes_);
    if (!before || !before->alternatives.front().estimate) continue;
    const bool sure = before->because.find("not known") == std::string::npos;
    Question easier = question_;
    const int what = Pick(4);
    if (what == 0 && easier.budget.cents) {
      easier.budget.cents = *easier.budget.cents + static_cast<std::uint32_t>(Pick(300));
    } else if (what == 1 && easier.slo.qps) {
      easier.slo.qps = 1 + *easier.slo.qps / 2;
    } else if (what == 2 && easier.slo.p99) {
      easier.slo.p99 = *easier.slo.p99 * 2;
    } else if (what == 3 && easier.slo.availability) {
      easier.slo.availability =
          *easier.slo.availability - static_cast<std::uint32_t>(Pick(100'000));
    } else {
      continue;
    }
    ++compared;
    const auto after = Choose(easier, options_, nodes_);
    ASSERT_TRUE(after.has_value()) << "what fitted still fits";
    const auto& now = after->alternatives.front().estimate;
    if (!sure) continue;  // what is known to keep the SLO goes first, whatever it costs
    ASSERT_TRUE(now.has_value());
    ASSERT_LE(now->cost, before->alternatives.front().estimate->cost);
    if (what == 0) {
      ASSERT_EQ(after->sandbox_class, before->sandbox_class) << "nothing dearer";
    }
  }
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace strata::scheduler
