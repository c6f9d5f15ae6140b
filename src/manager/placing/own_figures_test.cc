#include "manager/placing/own_figures.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "manager/records/figures.h"
#include "scheduler/record.h"
#include "store/store.h"
#include "store/testing.h"

namespace strata::manager {
namespace {

using model::Class;
using ::testing::HasSubstr;

constexpr double kSlow = 27.5;
constexpr std::uint64_t kNanoseconds = 1'000'000;

scheduler::Figures Measured(double ms) {
  return {.p50_ms = ms,
          .mean_ms = ms,
          .p99_ms = ms,
          .cold_start_ms = ms,
          .cpu_ms = ms,
          .busy_ms = ms,
          .memory_mib = 1,
          .failures = std::nullopt,
          .failed = std::nullopt,
          .source = "strata measure"};
}

// A function as wasm ('a', 'b') and as an image ('i'), of which the wasm ran.
class OwnFiguresTest : public ::testing::Test {
 protected:
  void SetUp() override { Deploy('a'); }
  void Deploy(char digest) {
    store::NewResource wanted = store::FunctionOf("cart", "/cart", "shop", digest);
    ASSERT_TRUE(store_->Apply(std::span(&wanted, 1)).has_value());
    resource_ = wanted.resource;
    artifacts_ = {{model::VariantKind::kWasm, store::DigestOf(digest)},
                  {model::VariantKind::kImage, store::DigestOf('i')}};
  }
  void Learn(std::uint32_t revision, int calls, double ms, std::uint16_t status = 200,
             meter::SandboxCame sandbox = meter::SandboxCame::kAtOnce,
             const std::string& sandbox_class = "wasm") {
    meter::CallRecord record;
    record.status = status;
    if (status == 502) record.exit = static_cast<std::uint8_t>(model::ExitReason::kViolation);
    record.sandbox = sandbox;
    record.run_ns = static_cast<std::uint64_t>(ms * kNanoseconds);
    record.cpu_ns = record.run_ns;
    record.memory_peak = 1 << 20;
    const ModelKey key{"shop", "cart", sandbox_class, revision};
    for (int i = 0; i < calls; ++i) models_.Learn(key, record);
  }
  std::array<scheduler::Option, 2> Options() {
    std::array<scheduler::Option, 2> options;
    options[0] = {.sandbox_class = Class::kWasm, .variant = true, .figures = Measured(1)};
    options[1] = {.sandbox_class = Class::kContainer, .variant = true, .figures = Measured(3)};
    UseOwnFigures(models_, resource_, artifacts_, options);
    return options;
  }
  Result<model::Placement> Place(scheduler::Question question) {
    const scheduler::Node node{.name = "local",
                               .free_memory = Bytes{UINT64_MAX},
                               .classes = {Class::kWasm, Class::kContainer}};
    const auto options = Options();
    return scheduler::Choose(question, options, {&node, 1});
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  telemetry::Logger log_ =
      telemetry::Logger::To([](telemetry::Level, std::string_view) {}, telemetry::Level::kInfo,
                            telemetry::Format::kJson, clock_);
  std::unique_ptr<store::Store> store_ = *store::Store::Open(folder_.path(), clock_, random_);
  Models models_{*store_, log_};
  model::Resource resource_;
  Artifacts artifacts_;
};

TEST_F(OwnFiguresTest, OfWhatNeverRanTheRecordIsAllThatIsKnown) {
  EXPECT_FALSE(RanIn(Class::kWasm, models_, resource_, artifacts_));
  for (const scheduler::Option& option : Options()) {
    EXPECT_EQ(option.figures->source, "strata measure");
    EXPECT_FALSE(option.at_best.has_value());
  }
}

TEST_F(OwnFiguresTest, WhatTheSameArtifactDidIsKnownAndExcludes) {
  Learn(1, 1000, kSlow);
  EXPECT_TRUE(RanIn(Class::kWasm, models_, resource_, artifacts_));
  EXPECT_FALSE(RanIn(Class::kContainer, models_, resource_, artifacts_));
  const auto options = Options();
  EXPECT_NEAR(options[0].figures->p99_ms, kSlow, 2);
  EXPECT_EQ(options[0].figures->source, "its own calls + strata measure");
  EXPECT_NEAR(options[1].figures->p99_ms, kSlow + 2, 2) << "as much more than the small program";
  for (const scheduler::Option& option : options) EXPECT_FALSE(option.at_best.has_value());
  const auto placement = Place({.slo = {.p99 = std::chrono::milliseconds(5)}});
  ASSERT_FALSE(placement.has_value());
  EXPECT_THAT(placement.error().message, HasSubstr("wasm: slo.p99_ms is 5, measured here: 2"));
}

TEST_F(OwnFiguresTest, AFasterArtifactIsNotRefusedForWhatASlowOneDid) {
  Learn(1, 1000, kSlow);
  Deploy('b');
  EXPECT_NEAR(Options()[0].figures->p99_ms, (kSlow + 1) / 2, 1) << "at the weight of 20 calls";
  EXPECT_EQ(Options()[0].figures->source, kBefore);
  EXPECT_EQ(Options()[0].at_best->p99_ms, 1);
  EXPECT_EQ(Options()[1].at_best->p99_ms, 3);
  const scheduler::Question fast{.slo = {.p99 = std::chrono::milliseconds(5)}};
  const auto placement = Place(fast);
  ASSERT_TRUE(placement.has_value()) << placement.error().message;
  EXPECT_EQ(placement->sandbox_class, Class::kWasm);
  EXPECT_THAT(placement->because, HasSubstr("whether it keeps the SLO is not known"));

  Learn(2, 20, 2);
  EXPECT_TRUE(Place(fast).has_value());
  EXPECT_NEAR(Options()[0].figures->p99_ms, (2 + (kSlow + 1) / 2) / 2, 1) << "call by call";
  Learn(2, 1000, 2);
  EXPECT_THAT(Place(fast)->because, HasSubstr("keeps the SLO"));
  EXPECT_THAT(Place(fast)->because, ::testing::Not(HasSubstr("not known")));
}

TEST_F(OwnFiguresTest, ASlowArtifactIsRefusedForWhatItDidItself) {
  Learn(1, 1000, kSlow);
  Deploy('b');
  Learn(2, 1000, kSlow);
  EXPECT_FALSE(Place({.slo = {.p99 = std::chrono::milliseconds(5)}}).has_value());
}

TEST_F(OwnFiguresTest, ItsOwnColdStartsDecideAndThoseOfAnotherArtifactExcludeNothing) {
  const scheduler::Question soon{.slo = {.cold_start = std::chrono::milliseconds(5)}};
  Learn(1, 1000, 2);
  EXPECT_TRUE(Place(soon).has_value());
  EXPECT_NEAR(*Options()[0].figures->cold_start_ms, 2, 0.1)
      << "no call of it waited: the record's, and what it needs beyond the small program";
  EXPECT_NEAR(*Options()[1].figures->cold_start_ms, 4, 0.1);
  Learn(1, 1000, kSlow, 200, meter::SandboxCame::kMade);
  const auto placement = Place(soon);
  ASSERT_FALSE(placement.has_value());
  EXPECT_THAT(placement.error().message,
              HasSubstr("wasm: slo.cold_start_ms is 5, measured here: 2"));
  EXPECT_NEAR(*Options()[1].figures->cold_start_ms, kSlow + 2, 2)
      << "as much more than the small program";
  Deploy('b');
  EXPECT_EQ(Options()[0].at_best->cold_start_ms, 1);
  EXPECT_TRUE(Place(soon).has_value());
  Learn(2, 1000, kSlow, 200, meter::SandboxCame::kMade);
  EXPECT_FALSE(Place(soon).has_value());
}

TEST_F(OwnFiguresTest, WhereItNeverRanItNeedsWhatItDidWhereMostIsKnownOfIt) {
  artifacts_[model::VariantKind::kImage] = store::DigestOf('a');
  const auto in_appkernel = [this] {
    std::array<scheduler::Option, 3> options;
    options[0] = {.sandbox_class = Class::kWasm, .variant = true, .figures = Measured(1)};
    options[1] = {.sandbox_class = Class::kContainer, .variant = true, .figures = Measured(3)};
    options[2] = {.sandbox_class = Class::kAppkernel, .variant = true, .figures = Measured(5)};
    UseOwnFigures(models_, resource_, artifacts_, options);
    return *options[2].figures;
  };
  Learn(1, 1, 1);
  EXPECT_NEAR(in_appkernel().p99_ms, 5, 0.1) << "as the small program";
  Learn(1, 1000, 500, 200, meter::SandboxCame::kAtOnce, "container");
  EXPECT_GT(in_appkernel().p99_ms, 450) << "one call in another class tells less";
  EXPECT_EQ(in_appkernel().source, scheduler::kScaled);
  Learn(1, 10'000, 50);
  EXPECT_NEAR(in_appkernel().p99_ms, 54, 3);
}

TEST_F(OwnFiguresTest, FailuresOfAnotherArtifactExcludeNothing) {
  Learn(1, 100, 1);
  Learn(1, 10'000, 1, 500);
  scheduler::Question question{.asked = Class::kWasm};
  question.slo.availability = 999'000;
  EXPECT_TRUE(Place(question).has_value()) << "the program answered so, as it would anywhere";
  Learn(1, 10'000, 1, 502);
  EXPECT_FALSE(Place(question).has_value());
  Deploy('b');
  EXPECT_TRUE(Place(question).has_value());
  Learn(2, 1, 1);
  EXPECT_TRUE(Place(question).has_value());
}

// An image that is a server, of whose sandboxes keepers tell what they hold, all together.
class OwnFiguresOfAServiceTest : public OwnFiguresTest {
 protected:
  // What a month of one of its replicas may cost: that of 200 MiB.
  static constexpr std::uint32_t kCents = 64;

  void SetUp() override {
    Serve({.replicas = 10});
    artifacts_ = {{model::VariantKind::kImage, store::DigestOf('a')}};
  }
  // The same artifact, under another manifest.
  void Serve(model::ServiceSpec spec) {
    store::NewResource wanted = store::ServiceOf("web");
    spec.workload = *wanted.resource.workload();
    wanted.resource.spec = spec;
    ASSERT_TRUE(store_->Apply(std::span(&wanted, 1)).has_value());
    resource_ = wanted.resource;
  }
  void Call() {
    meter::CallRecord record;
    record.status = 200;
    record.run_ns = kNanoseconds;
    for (int i = 0; i < 100; ++i) models_.Learn({"shop", "web", "container", 1}, record);
  }
  void Tell(Bytes memory, std::uint32_t sandboxes) {
    figures_.AddLoad({"shop", "web", "container"}, std::chrono::milliseconds(10), memory,
                     sandboxes);
  }
  scheduler::Option Container(std::optional<scheduler::Figures> prior) {
    scheduler::Option option{
        .sandbox_class = Class::kContainer, .variant = true, .figures = std::move(prior)};
    UseOwnFigures(models_, resource_, artifacts_, std::span(&option, 1));
    return option;
  }
  // What becomes of it where a replica's month may cost kCents.
  std::string Budgeted(std::optional<scheduler::Figures> prior) {
    const scheduler::Option option = Container(std::move(prior));
    const scheduler::Node node{
        .name = "local", .free_memory = Bytes{UINT64_MAX}, .classes = {Class::kContainer}};
    const auto placement = scheduler::Choose({.function = false, .budget = {kCents}},
                                             std::span(&option, 1), {&node, 1});
    return placement ? placement->because : placement.error().message;
  }

  telemetry::Registry registry_;
  Figures figures_{clock_, registry_, models_};
};

TEST_F(OwnFiguresOfAServiceTest, MemoryIsOfOneReplicaHoweverManyThereWereOrWillBe) {
  Call();
  Tell(Bytes::MiB(1000), 10);
  for (const std::uint32_t replicas : {10, 1, 20}) {
    Serve({.replicas = replicas});
    EXPECT_DOUBLE_EQ(Container(Measured(3)).figures->memory_mib, 100) << replicas;
    EXPECT_EQ(Budgeted(Measured(3)), "the only class that fits and keeps the budget") << replicas;
  }
  for (int i = 0; i < 500; ++i) Tell(Bytes::MiB(300), 1);
  EXPECT_NEAR(Container(Measured(3)).figures->memory_mib, 300, 1);
  EXPECT_THAT(Budgeted(Measured(3)), HasSubstr("budget.usd_cents is 64, it costs 9"));
}

TEST_F(OwnFiguresOfAServiceTest, OfWhatScalesTooWithARecordAndWithout) {
  Serve({.scale = model::Scale{.min = 0, .max = 8}});
  Call();
  Tell(Bytes::MiB(8192), 4);
  for (const std::optional<scheduler::Figures>& prior :
       {std::optional(Measured(3)), std::optional<scheduler::Figures>()}) {
    EXPECT_DOUBLE_EQ(Container(prior).figures->memory_mib, 2048);
    EXPECT_THAT(Budgeted(prior), HasSubstr("budget.usd_cents is 64, it costs 6"));
  }
}

TEST_F(OwnFiguresOfAServiceTest, WhatNobodyLookedAtIsNotKnownToKeepItsBudget) {
  EXPECT_EQ(Budgeted(Measured(3)), "the only class that fits and keeps the budget")
      << "as the small program: it never ran";
  Call();
  for (const std::optional<scheduler::Figures>& prior :
       {std::optional(Measured(3)), std::optional<scheduler::Figures>()}) {
    EXPECT_THAT(Budgeted(prior), HasSubstr("whether it keeps the budget is not known"));
    Tell(Bytes::MiB(1000), 0);
    EXPECT_THAT(Budgeted(prior), HasSubstr("whether it keeps the budget is not known"))
        << "nobody said of how many";
  }
  EXPECT_EQ(Container(Measured(3)).figures->memory_mib, 1) << "the record's";
}

}  // namespace
}  // namespace strata::manager
