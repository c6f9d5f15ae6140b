#include "scheduler/placing/strategy.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/testing.h"

namespace strata::scheduler {
namespace {

using model::Class;
using model::Level;
using ::testing::HasSubstr;

// A workload with both variants, measured in every class, the usual way round.
std::vector<Option> Options() {
  return {{Class::kWasm, true, "", "", "", FiguresOf(1, 0.3, 2)},
          {Class::kContainer, true, "", "", "", FiguresOf(30, 8, 1)},
          {Class::kAppkernel, true, "", "", "", FiguresOf(120, 80, 20)},
          {Class::kMicrovm, true, "", "", "", FiguresOf(250, 200, 90)}};
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

TEST_F(StrategyTest, WhatCostsNothingIsTakenAndNoOtherIsSoManyTimesAsDear) {
  for (const char* free : {"wasm.cpu_hour=0", "wasm.gib_hour=0"}) {
    ASSERT_TRUE(prices_.Set(free).has_value());
  }
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_EQ(Lost(Class::kContainer), "costs something; wasm nothing");
  for (const char* free : {"cpu_hour=0", "gib_hour=0"}) ASSERT_TRUE(prices_.Set(free).has_value());
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kWasm), "container wins ties");
}

TEST_F(StrategyTest, TheNodesPriceIsInTheCostOfWhatLostToo) {
  const auto costs = [this] {
    const auto placement = Decide();
    EXPECT_TRUE(placement.has_value());
    std::map<Class, double> of;
    for (const model::Alternative& each : placement->alternatives) {
      if (each.estimate) of[each.sandbox_class] = each.estimate->cost;
    }
    return of;
  };
  question_.requires_.security = Level::kMedium;  // not container
  At(Class::kWasm).lacking = "cannot";
  nodes_[0].classes.Remove(Class::kMicrovm);
  const auto listed = costs();
  ASSERT_EQ(listed.size(), 4U);
  nodes_[0].price = 3;
  for (const auto& [each, cost] : costs()) {
    EXPECT_DOUBLE_EQ(cost, 3 * listed.at(each)) << model::ClassName(each);
  }
  // The cheaper one has it, and room for it.
  nodes_.push_back(nodes_[0]);
  nodes_[1].price = 0.5;
  nodes_[1].classes.Remove(Class::kContainer);
  EXPECT_DOUBLE_EQ(costs()[Class::kAppkernel], 0.5 * listed.at(Class::kAppkernel));
  EXPECT_DOUBLE_EQ(costs()[Class::kContainer], 3 * listed.at(Class::kContainer));
  nodes_[0].free_memory = Bytes::MiB(1);
  EXPECT_DOUBLE_EQ(costs()[Class::kContainer], 0.5 * listed.at(Class::kContainer));
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
  nodes_.front().lacking[Class::kWasm] = "runc is not installed";
  EXPECT_EQ(Lost(Class::kWasm), "no node has this class: on local, runc is not installed");
  nodes_.push_back(nodes_.front());
  EXPECT_EQ(Lost(Class::kWasm),
            "no node has this class: on local, runc is not installed; and why not on 1 more");
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
  EXPECT_EQ(Lost(Class::kWasm), "no node of this class has 64 MiB free; local has 32");
  nodes_[1].free_memory = Bytes::MiB(48);
  EXPECT_EQ(Lost(Class::kWasm), "no node of this class has 64 MiB free; roomy has 48");
}

TEST_F(StrategyTest, WhatIsThereAtAllTimesMustFitTogetherAndARefusalSaysWhatWould) {
  nodes_[0].free_memory = Bytes::MiB(200);
  question_.held = 3;
  EXPECT_EQ(Chosen(), Class::kWasm);
  question_.held = 4;
  EXPECT_THAT(Refusal(), HasSubstr("wasm: no node of this class has 256 MiB free; local has 200"));
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: limits.memory_mib: 50"));
  question_.held_field = question_.replicas_field = "replicas";
  question_.replicas = 4;
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: limits.memory_mib: 50; replicas: 3"));
  question_.memory = Bytes::MiB(50);
  EXPECT_EQ(Chosen(), Class::kWasm);
  question_.memory = Bytes::MiB(64);
  question_.requires_.security = Level::kHigh;
  question_.slo.p99 = std::chrono::milliseconds(100);
  EXPECT_THAT(Refusal(), HasSubstr("\n  microvm: limits.memory_mib: 50, slo.p99_ms: 250"));
  nodes_[0].free_memory = Bytes{};
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr("limits.memory_mib"))) << "nothing fits";
}

TEST_F(StrategyTest, AClassThatCannotGiveTheMemoryIsNotTaken) {
  At(Class::kWasm).variant = false;
  At(Class::kContainer).memory = {.least = Bytes::MiB(16), .most = Bytes::MiB(4096)};
  At(Class::kAppkernel).memory = {.least = Bytes::MiB(64), .most = Bytes::MiB(4096)};
  At(Class::kMicrovm).memory = {.least = Bytes::MiB(8), .most = Bytes::MiB(448)};
  question_.memory = Bytes::MiB(32);
  EXPECT_EQ(Chosen(), Class::kContainer);
  EXPECT_EQ(Lost(Class::kAppkernel), "limits.memory_mib is 32, and it needs 64 at least");
  question_.requires_.security = Level::kMedium;
  EXPECT_EQ(Chosen(), Class::kMicrovm) << "dearer, but it can";
  question_.memory = Bytes::MiB(512);
  EXPECT_EQ(Chosen(), Class::kAppkernel);
  EXPECT_EQ(Lost(Class::kMicrovm), "limits.memory_mib is 512, and it can give 448 at most");

  question_.asked = Class::kMicrovm;
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: limits.memory_mib: 448; leave"));
  question_.asked = Class::kAppkernel;
  question_.memory = Bytes::MiB(32);
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: limits.memory_mib: 64; leave"));
  question_.slo.p99 = std::chrono::milliseconds(50);
  EXPECT_THAT(Refusal(), HasSubstr("\n  appkernel: limits.memory_mib: 64, slo.p99_ms: 120"));
  nodes_[0].free_memory = Bytes::MiB(63);  // where no limit would do
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr("\n  appkernel: limits.memory_mib: 6")));
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
  EXPECT_THAT(Decide()->because, HasSubstr("none of that was measured"));
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
  EXPECT_THAT(text, HasSubstr("slo.p99_ms: 250"));
  At(Class::kMicrovm).figures->p99_ms = 249.2;
  EXPECT_THAT(Refusal(), HasSubstr("slo.p99_ms: 250")) << "a manifest names whole ones";
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
                                   "  container: slo.p99_ms: 30, slo.cold_start_ms: 300\n"
                                   "  appkernel: slo.p99_ms: 120, slo.availability: 59.6"));
  EXPECT_THAT(Refusal(), HasSubstr("\n  microvm: slo.p99_ms: 250, slo.cold_start_ms: 2500, "
                                   "budget.usd_cents: 2"));
  question_.requires_.security = Level::kMedium;
  EXPECT_THAT(Refusal(), HasSubstr("\n  container: requires.security: low, slo.p99_ms: 30"));
  question_.asked = Class::kContainer;
  EXPECT_THAT(Refusal(), HasSubstr("\n  container: requires.security: low, slo.p99_ms: 30"));
  EXPECT_THAT(Refusal(), HasSubstr("\n  microvm: spec.class: microvm, slo.p99_ms: 250"));
  for (Option& option : options_) option.variant = false;
  EXPECT_THAT(Refusal(), ::testing::EndsWith("no single requirement that gave way would do"));
}

TEST_F(StrategyTest, WhatAManifestDecidesItselfGivesWayTogether) {
  // Only the artifact's own class could run it.
  for (const Class each : {Class::kContainer, Class::kAppkernel, Class::kMicrovm}) {
    At(each).variant = false;
  }
  question_.requires_ = {.security = Level::kHigh, .compatibility = Level::kHigh};
  EXPECT_THAT(Refusal(), ::testing::EndsWith("would together:\n  wasm: requires.security: medium, "
                                             "requires.compatibility: medium"));
  question_.by = model::PlacementBy::kRule;
  EXPECT_THAT(Refusal(), ::testing::EndsWith("requires.compatibility: medium, placement: cost"));
  question_.by = model::PlacementBy::kCost;
  At(Class::kWasm).withheld = "no device in a cell";
  question_.devices = true;
  EXPECT_THAT(Refusal(), ::testing::EndsWith("compatibility: medium, leave spec.devices out"));
}

TEST_F(StrategyTest, WhatAManifestCannotAskForIsLeftOut) {
  question_.asked = Class::kWasm;
  At(Class::kWasm).figures = FiguresOf(4e6, 0.3, 2);
  question_.slo.p99 = std::chrono::milliseconds(5);
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: leave slo.p99_ms out"));
  question_.slo = {.qps = 1};
  At(Class::kWasm).figures->mean_ms = 4e6;
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

TEST_F(StrategyTest, NoMoreSandboxesAtOnceThanTheServerAllows) {
  nodes_[0].cores = 100;
  question_.concurrency = 1000;
  question_.sandboxes = 2;
  question_.slo.qps = 1000;
  At(Class::kWasm).variant = false;
  // Each is held for 15 ms.
  EXPECT_THAT(Refusal(), HasSubstr("container: slo.qps is 1000, it can carry 93.3 in 2 sandboxes "
                                   "(--max-sandboxes)"));
  EXPECT_THAT(Refusal(), HasSubstr("any of these would do: slo.qps: 93"))
      << "no manifest can ask for more sandboxes";
  question_.sandboxes = 100;
  EXPECT_EQ(Chosen(), Class::kContainer);
  question_.sandboxes = 2;
  question_.function = false;
  question_.replicas = 100;
  EXPECT_EQ(Chosen(), Class::kContainer) << "a server answers many calls";
  question_ = {.slo = {.qps = 10'000}, .cells = 2, .concurrency = 1000, .sandboxes = 2};
  At(Class::kWasm).variant = true;
  At(Class::kWasm).figures->mean_ms = 1;
  EXPECT_THAT(Refusal(), HasSubstr("wasm: slo.qps is 10000, it can carry 2800 in 4 sandboxes"))
      << "so many in each cell";
}

TEST_F(StrategyTest, LongCallsCountInCostAndCapacityByHowLongTheyAreHoweverFewTheyAre) {
  question_.asked = Class::kContainer;
  const model::Estimate alike = *Decide()->alternatives.front().estimate;
  At(Class::kContainer).figures->mean_ms *= 10;  // the median stays
  const model::Estimate some_long = *Decide()->alternatives.front().estimate;
  const meter::Amount more{.mib_ms = 1e6 * alike.memory_mib * 9 * 15};
  EXPECT_NEAR(some_long.cost - alike.cost, meter::Prices().Of(Class::kContainer).Of(more), 1e-12);
  question_.concurrency = 1;
  EXPECT_NEAR(*Decide()->alternatives.front().estimate->qps, 0.7 * 1000 / 150, 1e-9);
  question_.slo.qps = 10;  // at once 1.5
  EXPECT_THAT(Refusal(), HasSubstr("limits.concurrency: 3"));
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

TEST_F(StrategyTest, WhatAnotherArtifactMissedIsNotHeldAgainstThisOne) {
  question_.asked = Class::kWasm;
  question_.slo.p99 = std::chrono::milliseconds(5);
  At(Class::kWasm).figures = FiguresOf(28, 0.3, 2);
  EXPECT_FALSE(Decide().has_value());
  At(Class::kWasm).at_best = FiguresOf(1, 0.3, 2);
  EXPECT_EQ(Chosen(), Class::kWasm);
  EXPECT_THAT(Decide()->because, HasSubstr("whether it keeps the SLO is not known"));
  EXPECT_EQ(Decide()->alternatives.front().estimate->p99_ms, 28) << "what it is expected to do";
  question_.asked.reset();
  At(Class::kContainer).figures = FiguresOf(4, 8, 1);
  EXPECT_EQ(Chosen(), Class::kContainer) << "dearer, but known to keep it";
}

TEST_F(StrategyTest, WhatAnotherArtifactFailedIsNotHeldAgainstThisOne) {
  question_.asked = Class::kWasm;
  question_.slo.availability = 999'000;
  At(Class::kWasm).figures->failures = {.rate = 0.5, .calls = 100'000};
  EXPECT_FALSE(Decide().has_value());
  At(Class::kWasm).at_best = Figures();
  EXPECT_EQ(Chosen(), Class::kWasm);
}

TEST_F(StrategyTest, AClassIsHeldToItsSandboxesAndShownWithWhatTheProgramAnswers) {
  question_.slo.availability = 990'000;
  question_.asked = Class::kWasm;
  At(Class::kWasm).figures->failures = {.rate = 0, .calls = 100'000};
  At(Class::kWasm).figures->failed = 0.5;
  EXPECT_THAT(Decide()->because, HasSubstr("keeps the SLO"));
  EXPECT_DOUBLE_EQ(*Decide()->alternatives.front().estimate->failure_rate, 0.5);
  At(Class::kWasm).figures->failures->rate = 0.5;
  At(Class::kWasm).figures->failed = 0.75;
  EXPECT_THAT(Refusal(), HasSubstr("wasm: slo.availability is 99, measured here: at most 50."));
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

}  // namespace
}  // namespace strata::scheduler
