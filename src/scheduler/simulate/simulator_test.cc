#include "scheduler/simulate/simulator.h"

#include <chrono>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/simulate/costs.h"
#include "scheduler/simulate/generator.h"
#include "scheduler/simulate/report.h"

namespace strata::scheduler::simulate {
namespace {

using model::Class;
using model::Level;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

Figures FiguresOf(double first_ms, double p50_ms, double cpu_ms, double memory_mib) {
  return {.p50_ms = p50_ms,
          .mean_ms = p50_ms,
          .p99_ms = p50_ms,
          .cold_start_ms = first_ms,
          .cpu_ms = cpu_ms,
          .memory_mib = memory_mib,
          .source = "made up"};
}

// A test's: creations take 2, 20, 100 and 200 ms, always.
Settings TestSettings() {
  Settings settings;
  settings.record = {{Class::kWasm, FiguresOf(3, 1, 0.1, 1)},
                     {Class::kContainer, FiguresOf(30, 21, 10, 4)},
                     {Class::kAppkernel, FiguresOf(120, 101, 80, 20)},
                     {Class::kMicrovm, FiguresOf(250, 201, 150, 60)}};
  return settings;
}

class Calls final : public Trace {
 public:
  Calls(std::vector<Function> functions, std::vector<Call> calls)
      : functions_(std::move(functions)), calls_(std::move(calls)) {}
  [[nodiscard]] std::span<const Function> functions() const noexcept override { return functions_; }
  Result<std::optional<Call>> Next() override {
    if (at_ == calls_.size()) return std::nullopt;
    return calls_[at_++];
  }

 private:
  std::vector<Function> functions_;
  std::vector<Call> calls_;
  std::size_t at_ = 0;
};

const Function kPlain{.work_ms = 10, .work_p99_ms = 20, .memory = Bytes::MiB(100)};

Outcome Serve(const Settings& settings, Policy policy, std::vector<Call> calls,
              std::vector<Function> functions = {kPlain}) {
  Calls trace(std::move(functions), std::move(calls));
  auto outcome = Simulate(settings, policy, trace);
  EXPECT_TRUE(outcome.has_value());
  return outcome ? *outcome : Outcome();
}

std::vector<Call> At(std::initializer_list<Duration> times, Duration work = milliseconds(10)) {
  std::vector<Call> calls;
  for (const Duration at : times) calls.push_back({.function = 0, .at = at, .work = work});
  return calls;
}

TEST(SimulatorTest, ACallWaitsForACreationUnlessASandboxIsIdle) {
  const Outcome outcome = Serve(TestSettings(), Policy::kAllContainer,
                                At({seconds(0), seconds(1), minutes(9), minutes(20)}));
  EXPECT_EQ(outcome.calls, 4U);
  EXPECT_EQ(outcome.cold_starts, 2U);  // the first, and the one after more than ten minutes
  EXPECT_DOUBLE_EQ(outcome.waits.sum_ms(), 40);
  EXPECT_NEAR(outcome.latencies.Percentile(0.9), 31, 0.5);  // wait + work + way
  EXPECT_NEAR(outcome.latencies.Percentile(0.1), 11, 0.2);
}

TEST(SimulatorTest, CallsAtOnceNeedSandboxesOfTheirOwnExceptInWasm) {
  const std::vector<Call> calls =
      At({seconds(0), seconds(1), seconds(2), seconds(100), seconds(101)}, seconds(30));
  EXPECT_EQ(Serve(TestSettings(), Policy::kAllContainer, calls).cold_starts, 3U);
  EXPECT_EQ(Serve(TestSettings(), Policy::kAllWasm, calls).cold_starts, 1U);
}

TEST(SimulatorTest, MemoryIsHeldWhileASandboxLivesAndInWasmWhileACallDoes) {
  const std::vector<Call> calls = At({seconds(0), minutes(5)}, seconds(60));
  const double hour = 3600;
  const Outcome container = Serve(TestSettings(), Policy::kAllContainer, calls);
  EXPECT_NEAR(container.gib_hours, 104.0 / 1024 * 360 / hour, 1e-5);
  EXPECT_NEAR(container.busy_gib_hours, 104.0 / 1024 * 120 / hour, 1e-5);
  const Outcome wasm = Serve(TestSettings(), Policy::kAllWasm, calls);
  EXPECT_NEAR(wasm.gib_hours, (1.0 * 360 + 101.0 * 120) / 1024 / hour, 1e-4);
  EXPECT_LT(wasm.cost, container.cost);
}

TEST(SimulatorTest, CostIsWhatWasComputedAndHeldAtTheGivenPrices) {
  Settings settings = TestSettings();
  settings.cpu_share = 0.5;
  ASSERT_TRUE(settings.prices.Set("cpu_hour=3600").has_value());  // a dollar a second
  ASSERT_TRUE(settings.prices.Set("gib_hour=0").has_value());
  ASSERT_TRUE(settings.prices.Set("start=7").has_value());
  const Outcome outcome = Serve(settings, Policy::kAllContainer, At({seconds(0)}, seconds(4)));
  EXPECT_NEAR(outcome.cost, 2 + 0.0099 + 0.0001 + 7, 1e-6);
  EXPECT_NEAR(outcome.work_cost, 2, 1e-9);
}

TEST(SimulatorTest, WhatIsUsedOnACheapNodeCostsThatMuchLess) {
  Settings settings = TestSettings();
  settings.nodes = 2;
  settings.node_memory = Bytes::MiB(150);  // one container each
  ASSERT_TRUE(settings.prices.Set("start=7").has_value());
  const std::vector<Call> one = At({seconds(0)}, seconds(4));
  const std::vector<Call> two = At({seconds(0), seconds(1)}, seconds(4));
  const Outcome list = Serve(settings, Policy::kAllContainer, one);
  const Outcome both = Serve(settings, Policy::kAllContainer, two);
  ASSERT_TRUE(settings.prices.Set("node.node-1=0.25").has_value());
  const Outcome cheap = Serve(settings, Policy::kAllContainer, one);  // goes to the cheaper node
  EXPECT_NEAR(cheap.cost, list.cost / 4, 1e-9);
  EXPECT_NEAR(cheap.work_cost, list.work_cost / 4, 1e-9);
  EXPECT_DOUBLE_EQ(cheap.cpu_hours, list.cpu_hours);
  EXPECT_DOUBLE_EQ(cheap.gib_hours, list.gib_hours);
  const Outcome mixed = Serve(settings, Policy::kAllContainer, two);
  EXPECT_NEAR(mixed.cost, 0.625 * both.cost, 1e-3 * both.cost);
}

TEST(SimulatorTest, ClassesAreChosenByTheScheduler) {
  Settings settings = TestSettings();
  settings.wasm_share = 1;
  Function secure = kPlain;
  secure.requires_.security = Level::kHigh;
  Function hurried = kPlain;
  hurried.slo.p99 = milliseconds(50);
  const std::vector<Call> calls = {{.function = 0}, {.function = 1}, {.function = 2}};
  const std::vector<Function> functions = {kPlain, secure, hurried};
  const Outcome all = Serve(settings, Policy::kFixedKeepAlive, calls, functions);
  EXPECT_THAT(all.functions, ::testing::ElementsAre(2, 0, 0, 1, 0));
  settings.wasm_share = 0;
  const Outcome none = Serve(settings, Policy::kStrata, calls, functions);
  EXPECT_THAT(none.functions, ::testing::ElementsAre(0, 2, 0, 1, 0));
  EXPECT_EQ(none.below_floor, 0U);
  EXPECT_EQ(Serve(settings, Policy::kAllContainer, calls, functions).below_floor, 1U);
}

TEST(SimulatorTest, AnSloThatNoClassKeepsIsCountedAndItsMissesToo) {
  Settings settings = TestSettings();
  settings.wasm_share = 0;
  Function hurried = kPlain;
  hurried.slo.p99 = milliseconds(15);
  const Outcome outcome = Serve(settings, Policy::kStrata, At({seconds(0), seconds(1)}), {hurried});
  EXPECT_EQ(outcome.unplaceable, 1U);
  EXPECT_EQ(outcome.kept_slo, 1U);  // the second call waits for nothing
}

// As for the product: of calls that wait, whole, which make 20 ms of a container before their own.
TEST(SimulatorTest, TheSloForColdStartsIsOfWholeCallsThatWait) {
  Settings settings = TestSettings();
  settings.wasm_share = 0;
  Function hurried = kPlain;
  hurried.slo.cold_start = milliseconds(25);
  const std::vector<Call> calls = At({seconds(0), seconds(1)}, milliseconds(30));
  EXPECT_EQ(Serve(settings, Policy::kAllContainer, calls, {hurried}).kept_slo, 1U)
      << "the second waits for nothing, so it may take longer";
  hurried.slo.cold_start = milliseconds(49);  // the first call in a container, and its own p99: 50
  EXPECT_EQ(Serve(settings, Policy::kStrata, calls, {hurried}).unplaceable, 1U);
  hurried.slo.cold_start = milliseconds(50);
  EXPECT_EQ(Serve(settings, Policy::kStrata, calls, {hurried}).unplaceable, 0U);
}

TEST(SimulatorTest, ATimerIsMadeWarmBeforeItIsDue) {
  Settings settings = TestSettings();
  settings.wasm_share = 0;
  ASSERT_TRUE(settings.prices.Set("wait=1").has_value());
  std::vector<Call> calls;
  for (int i = 0; i < 40; ++i) {
    calls.push_back({.function = 0, .at = minutes(60 * i), .work = milliseconds(10)});
  }
  const Outcome ours = Serve(settings, Policy::kStrata, calls);
  EXPECT_LT(ours.cold_starts, 8U);
  EXPECT_GT(ours.prewarmed, 30U);
  const Outcome fixed = Serve(settings, Policy::kFixedKeepAlive, calls);
  EXPECT_EQ(fixed.cold_starts, 40U);
  EXPECT_LT(ours.gib_hours, 1.5 * fixed.gib_hours);
}

TEST(SimulatorTest, WhatIsMadeWarmTakesItsTimeToo) {
  Settings settings = TestSettings();
  settings.wasm_share = 0;
  ASSERT_TRUE(settings.prices.Set("wait=1").has_value());
  for (auto& [sandbox_class, figures] : settings.record) {
    if (sandbox_class != Class::kWasm) figures = FiguresOf(30, 1'200'001, 10, 4);  // twenty minutes
  }
  std::vector<Call> calls;
  for (int i = 0; i < 40; ++i) {
    calls.push_back({.function = 0, .at = minutes(60 * i), .work = milliseconds(10)});
  }
  const Outcome outcome = Serve(settings, Policy::kStrata, calls);
  ASSERT_GT(outcome.prewarmed, 20U);
  EXPECT_EQ(outcome.cold_starts, 40U) << "none of them is ready in time";
  EXPECT_LT(outcome.waits.sum_ms(), 40 * 1'200'000.0) << "but each is begun";
}

TEST(SimulatorTest, ForWantOfRoomTheLongestIdleGoesAndThenCallsAreRefused) {
  Settings settings = TestSettings();
  settings.nodes = 1;
  settings.node_memory = Bytes::MiB(220);  // two sandboxes
  const std::vector<Function> functions(4, kPlain);
  std::vector<Call> calls;
  for (std::uint32_t i = 0; i < 3; ++i) {
    calls.push_back({.function = i, .at = seconds(i), .work = milliseconds(10)});
  }
  calls.push_back({.function = 1, .at = seconds(4), .work = milliseconds(10)});  // still there
  Outcome outcome = Serve(settings, Policy::kAllContainer, calls, functions);
  EXPECT_EQ(outcome.evicted, 1U);
  EXPECT_EQ(outcome.cold_starts, 3U);
  EXPECT_EQ(outcome.refused, 0U);
  for (Call& call : calls) call.work = seconds(60);
  outcome = Serve(settings, Policy::kAllContainer, calls, functions);
  EXPECT_EQ(outcome.refused, 2U);
  EXPECT_EQ(outcome.calls, 4U);
}

TEST(SimulatorTest, TheSameSeedGivesTheSameOutcome) {
  const Settings settings = TestSettings();
  for (const Policy policy : kPolicies) {
    Generator first({.functions = 300, .calls = 30'000});
    Generator second({.functions = 300, .calls = 30'000});
    const auto a = Simulate(settings, policy, first);
    const auto b = Simulate(settings, policy, second);
    ASSERT_TRUE(a.has_value() && b.has_value());
    EXPECT_EQ(RowOf(policy, *a), RowOf(policy, *b));
    EXPECT_EQ(DetailsOf(*a), DetailsOf(*b));
    EXPECT_EQ(a->refused, 0U);
    EXPECT_GE(a->cost, a->work_cost);
  }
}

TEST(SimulatorTest, WhoHasAVariantKeepsItWhenMoreGetOne) {
  Settings settings = TestSettings();
  std::uint32_t last = 0;
  for (const double share : {0.0, 0.25, 0.5, 1.0}) {
    settings.wasm_share = share;
    Generator trace({.functions = 400, .calls = 20'000});
    const auto outcome = Simulate(settings, Policy::kStrata, trace);
    ASSERT_TRUE(outcome.has_value());
    const std::uint32_t wasm = outcome->functions[static_cast<std::size_t>(Class::kWasm)];
    EXPECT_GE(wasm, last);
    last = wasm;
  }
  EXPECT_GT(last, 0U);
}

TEST(SimulatorTest, ARecordThatLacksAClassIsRefused) {
  Settings settings = TestSettings();
  settings.record.erase(Class::kMicrovm);
  const auto checked = CheckSettings(settings);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(checked.error().message, HasSubstr("no figures of class microvm"));
  settings = TestSettings();
  settings.wasm_share = 1.5;
  EXPECT_EQ(CheckSettings(settings).error().code, Errc::kInvalidArgument);
  settings = TestSettings();
  settings.nodes = kMostNodes + 1;
  EXPECT_EQ(CheckSettings(settings).error().code, Errc::kInvalidArgument);
}

TEST(CostsTest, CreationIsWhatARecordHasBeyondTheWayThroughThePlatform) {
  const auto costs = CostsOf(TestSettings().record);
  ASSERT_TRUE(costs.has_value());
  EXPECT_DOUBLE_EQ(costs->way_ms, 1);
  EXPECT_DOUBLE_EQ(costs->Of(Class::kWasm).create_ms, 2);
  EXPECT_DOUBLE_EQ(costs->Of(Class::kContainer).create_ms, 20);
  EXPECT_EQ(costs->Creation(Class::kContainer, 0.9), milliseconds(20));  // it has no spread
  EXPECT_FALSE(costs->Of(Class::kContainerInMicrovm).measured);
}

}  // namespace
}  // namespace strata::scheduler::simulate
