// With a cell that the test speaks for; with real ones: tests/e2e and tests/crash.
#include "manager/records/collector.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/testing/temp_dir.h"
#include "host/files/journal.h"
#include "manager/placing/models.h"
#include "manager/testing/fake_cell.h"
#include "sandbox/testing/call_fixture.h"
#include "store/store.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;

class CollectorTest : public ::testing::Test, public CellListener {
 protected:
  void SetUp() override { ASSERT_TRUE(accounts_.Recover().has_value()); }

  void Adopt() {
    auto adopted = Run(CellProcess::Adopt(context_, *this, fake_.noted()));
    ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
    cell_ = *std::move(adopted);
    collector_.Attach(cell_);
  }

  // The cell serves functions of these names, in this order.
  void Configure(const std::vector<std::string>& names) {
    Configuration configuration;
    for (const std::string& name : names) {
      cell::Function function;
      function.tenant = "shop";
      function.name = name;
      configuration.message.functions.push_back(std::move(function));
    }
    const auto configured = Run(cell_->Configure(std::move(configuration), kGeneration));
    ASSERT_TRUE(configured.has_value()) << configured.error().message;
  }

  // Somebody else's changes, each of which the cell is told of.
  void Change(int times) {
    for (int i = 0; i < times; ++i) Configure({"a", "other" + std::to_string(i)});
  }

  // Of whose calls the accounts know.
  std::vector<std::string> Billed() {
    collector_.DrainAll();
    const auto totals = accounts_.Totals();
    EXPECT_TRUE(totals.has_value());
    std::vector<std::string> names;
    for (const auto& [key, usage] : totals->usage) {
      for (std::uint64_t i = 0; i < usage.calls; ++i) names.push_back(key.name);
    }
    return names;
  }

  // The store's, in which nothing changes.
  static constexpr std::uint32_t kGeneration = 7;

  template <typename T>
  Result<T> Run(Task<T> task) {
    return sandbox::testing::CallFixture::RunTask(loop_, std::move(task));
  }

  Loop loop_{1};
  const testing::TempDir home_;
  ManualClock clock_;
  SeededRandom random_{1};
  Options options_;
  telemetry::Logger log_;
  telemetry::Registry registry_;
  StateDir dir_ = StateDir::Open(home_ / "home").value();
  std::unique_ptr<store::Store> store_ =
      store::Store::Open(dir_.state().string(), clock_, random_).value();
  host::Journal journal_ = host::Journal::Open(dir_.state() / "journal").value();
  const std::string instance_ = "collector-test";
  CellContext context_{loop_, clock_, options_, dir_, instance_, journal_, log_};
  Models models_{*store_, log_};
  Figures figures_{clock_, registry_, models_};
  Accounts accounts_{*store_, clock_, registry_, log_, Accounts::Metering::kOn};
  std::vector<std::string> called_;  // the forms, as rollouts hear of them
  Collector collector_{context_,
                       figures_,
                       accounts_,
                       registry_,
                       [](const telemetry::Span&) {},
                       [this](const cell::Function& function, const meter::CallRecord&) {
                         called_.push_back(function.name + function.target);
                       },
                       [] {}};
  FakeCell fake_{context_, "shop-1", "shop"};
  std::shared_ptr<CellProcess> cell_;

 private:
  void OnExit(CellProcess&, const std::string&) override {}
  void OnSandboxGone(CellProcess&, const std::string&, const std::string&) override {}
  void OnConnect(CellProcess&, cell::Connect) override {}
  void OnClient(CellProcess&, Fd) override {}
  Result<Fd> OpenModule(const std::string& key) override { return Fail(Errc::kNotFound, key); }
};

TEST_F(CollectorTest, ACallIsBilledByTheListThatItBeganWith) {
  Adopt();
  Configure({"a", "b"});
  fake_.EndCall(fake_.state.generation, 1);
  // Another one is ready again, and nothing else has changed in the store.
  Configure({"x", "a", "b"});
  fake_.EndCall(fake_.state.generation, 0);
  EXPECT_THAT(Billed(), ElementsAre("b", "x"));
}

TEST_F(CollectorTest, SoIsOneThatBeganUnderAnEarlierManager) {
  fake_.state.generation = kGeneration;
  fake_.state.functions = {{"shop", "a", 1, "wasm", false}, {"shop", "b", 1, "wasm", false}};
  Adopt();
  Configure({"x", "a", "b"});
  fake_.EndCall(kGeneration, 1);
  EXPECT_THAT(Billed(), ElementsAre("b"));
}

TEST_F(CollectorTest, SoIsOneOfAListThatACellServedBeforeThat) {
  fake_.state.generation = kGeneration;
  fake_.state.functions = {{"shop", "a", 2, "wasm", false}};
  fake_.state.former = cell::Former{{{"shop", "b", 1, "wasm", false}}, {{kGeneration - 4, {0, 1}}}};
  fake_.EndCall(kGeneration - 4, 1);  // which the manager that was killed had not stored
  Adopt();
  Configure({"x"});
  fake_.EndCall(kGeneration - 4, 0);
  EXPECT_THAT(Billed(), ElementsAre("a", "b"));
}

TEST_F(CollectorTest, ALongCallIsBilledHoweverMuchChangesMeanwhile) {
  Adopt();
  Configure({"a", "slow"});
  const std::uint32_t began = fake_.state.generation;
  Change(100);
  fake_.EndCall(began, 1);
  EXPECT_THAT(Billed(), ElementsAre("slow"));
}

TEST_F(CollectorTest, TheCallsOfASandboxAreBilledHoweverOldItsRevisionIs) {
  Adopt();
  Configure({"a", "old"});
  const std::uint32_t stands = fake_.state.generation;
  ASSERT_TRUE(Run(cell_->CreateSandbox("sb-1", 1)).has_value());
  Change(10);
  clock_.Advance(std::chrono::hours(72));
  Change(10);
  fake_.EndCall(stands, 1);
  EXPECT_THAT(Billed(), ElementsAre("old"));

  ASSERT_TRUE(Run(cell_->DeleteSandbox("sb-1")).has_value());
  Change(1);
  fake_.EndCall(stands, 1);
  EXPECT_THAT(Billed(), ElementsAre("old")) << "no call of it can end now";
}

TEST_F(CollectorTest, ACallThatBeganUnderAnEarlierManagerIsOfTheFormThatItWasLedTo) {
  fake_.state.generation = kGeneration;
  fake_.state.functions = {{"shop", "a", 2, "wasm", false, ""},
                           {"shop", "a", 1, "wasm", false, "@1"}};
  Adopt();
  fake_.EndCall(kGeneration, 1);
  fake_.EndCall(kGeneration, 0);
  collector_.DrainAll();
  EXPECT_THAT(called_, ElementsAre("a@1", "a"));
}

}  // namespace
}  // namespace strata::manager
