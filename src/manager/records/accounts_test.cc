#include "manager/records/accounts.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/testing/temp_dir.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace strata::manager {
namespace {

using std::chrono::milliseconds;

const store::UsageKey kCart{.tenant = "shop", .name = "cart", .sandbox_class = "wasm"};

constexpr auto kOfTheCall = Accounts::Sandbox::kOfTheCall;

const store::UsageKey kWeb{.tenant = "shop", .name = "web", .sandbox_class = "container"};

keeper::Use Used(milliseconds cpu, std::chrono::seconds held, std::uint64_t mib_ms) {
  return {.cpu = cpu, .held = held, .kib_ms = mib_ms * 1024};
}

meter::CallRecord Call() {
  meter::CallRecord record;
  record.status = 200;
  record.instantiate_ns = 1'000'000;
  record.run_ns = 3'000'000;
  record.cpu_ns = 2'000'000;
  record.memory_peak = 2 << 20;
  record.bytes_out = 5;
  return record;
}

class AccountsTest : public ::testing::Test {
 protected:
  void SetUp() override { Restart(); }

  // As after kill -9: what was not flushed is gone.
  void Restart() {
    accounts_.reset();
    store_.reset();
    auto store = store::Store::Open(folder_.path(), clock_, random_);
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
    accounts_.emplace(*store_, clock_, registry_, log_, Accounts::Metering::kOn);
    ASSERT_TRUE(accounts_->Recover());
  }
  store::Usage Stored(const store::UsageKey& key = kCart) { return store_->GetUsage()->usage[key]; }
  std::uint64_t ProcessCpu() { return store_->GetUsage()->process_cpu_ns[{"shop", "cell"}]; }

  const testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  telemetry::Registry registry_;
  telemetry::Logger log_ = *telemetry::Logger::Open({}, clock_);
  std::unique_ptr<store::Store> store_;
  std::optional<Accounts> accounts_;
};

TEST_F(AccountsTest, ACallIsAddedUpWithItsMemoryForAsLongAsItWasHeld) {
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  auto failed = Call();
  failed.status = 0;
  accounts_->Add("shop-1", kCart, kOfTheCall, failed);
  ASSERT_TRUE(accounts_->Flush());
  const store::Usage usage = Stored();
  EXPECT_EQ(usage.calls, 2U);
  EXPECT_EQ(usage.failed, 1U);
  EXPECT_EQ(usage.starts, 2U);
  EXPECT_EQ(usage.cpu_ns, 4'000'000U);
  EXPECT_EQ(usage.held_ns, 8'000'000U);
  EXPECT_DOUBLE_EQ(usage.mib_ms, 2 * 2 * 4.0);
  EXPECT_EQ(usage.bytes_out, 10U);
}

TEST_F(AccountsTest, ACallOfASandboxThatStaysHoldsNoMemoryOfItsOwn) {
  auto call = Call();
  call.instantiate_ns = 0;
  accounts_->Add("shop-1", kCart, kOfTheCall, call);
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().starts, 0U);
  EXPECT_EQ(Stored().held_ns, 0U);
  accounts_->Add("shop-1", kCart, Accounts::Sandbox::kStays, Call());  // the first of a Service
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().starts, 1U);
  EXPECT_EQ(Stored().held_ns, 0U);
}

TEST_F(AccountsTest, ACallOfAKeepersServiceStartsAndHoldsNothingItself) {
  auto call = Call();  // that waited for its handle, a connection and the answer
  call.cpu_ns = call.memory_peak = 0;
  accounts_->Add("front-1", kWeb, kOfTheCall, call);
  call.sandbox = meter::SandboxCame::kMade;  // and for a replica
  accounts_->Add("front-1", kWeb, kOfTheCall, call);
  accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(10), std::chrono::seconds(2), 16));
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored(kWeb).calls, 2U);
  EXPECT_EQ(Stored(kWeb).bytes_out, 10U);
  EXPECT_EQ(Stored(kWeb).starts, 0U);
  EXPECT_EQ(Stored(kWeb).held_ns, 2'000'000'000U) << "once, as its keeper says";
  EXPECT_DOUBLE_EQ(Stored(kWeb).mib_ms, 16);
}

TEST_F(AccountsTest, ACallThatGotNoSandboxStartsAndHoldsNone) {
  auto refused = Call();
  refused.status = 503;
  refused.cpu_ns = refused.memory_peak = 0;
  refused.queue_ns = 20'000'000'000;
  refused.sandbox = meter::SandboxCame::kNone;
  accounts_->Add("shop-1", kCart, kOfTheCall, refused);
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().calls, 1U);
  EXPECT_EQ(Stored().failed, 1U);
  EXPECT_EQ(Stored().starts, 0U);
  EXPECT_EQ(Stored().held_ns, 0U);
}

TEST_F(AccountsTest, WhatWasStoredIsNotCountedAgainAndWhatWasNotIs) {
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  accounts_->Reached("shop-1", "shop", "cell", 256, milliseconds(5));
  ASSERT_TRUE(accounts_->Flush());
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());  // read, and killed before it was stored
  Restart();
  EXPECT_EQ(Stored().calls, 1U);
  EXPECT_EQ(accounts_->PositionOf("shop-1"), 256U) << "where the ring is read from, again";
  EXPECT_EQ(accounts_->PositionOf("shop-2"), 0U);
}

TEST_F(AccountsTest, CpuTimeOfACellIsCountedOnceOverRestarts) {
  accounts_->Reached("shop-1", "shop", "cell", 0, milliseconds(5));
  ASSERT_TRUE(accounts_->Flush());
  Restart();
  accounts_->Reached("shop-1", "shop", "cell", 0, milliseconds(7));
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(ProcessCpu(), 7'000'000U);
}

TEST_F(AccountsTest, TheLastCallsOfACellThatEndedAreItsOwnTimeToo) {
  accounts_->Reached("shop-1", "shop", "cell", 0, milliseconds(5));
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  accounts_->Ended("shop-1", "shop", "cell");
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(ProcessCpu(), 7'000'000U);
  Restart();
  EXPECT_EQ(accounts_->PositionOf("shop-1"), 0U);
}

TEST_F(AccountsTest, CellsThatEndedWithoutAManagerAreForgotten) {
  accounts_->Reached("shop-1", "shop", "cell", 8, milliseconds(5));
  accounts_->Reached("shop-2", "shop", "cell", 16, milliseconds(5));
  ASSERT_TRUE(accounts_->Flush());
  Restart();
  accounts_->KeepOnly({"shop-2"});
  ASSERT_TRUE(accounts_->Flush());
  Restart();
  EXPECT_EQ(accounts_->PositionOf("shop-1"), 0U);
  EXPECT_EQ(accounts_->PositionOf("shop-2"), 16U);
}

TEST_F(AccountsTest, OfAServiceIsCountedWhatIsMoreThanWasStored) {
  using std::chrono::seconds;
  EXPECT_EQ(accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(10), seconds(2), 16)),
            milliseconds(10));
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(11), seconds(3), 24)),
            milliseconds(1));  // and killed before it was stored
  Restart();
  // The keeper tells an adopting manager once more, and goes on.
  EXPECT_EQ(accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(11), seconds(3), 24)),
            milliseconds(1));
  EXPECT_EQ(accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(11), seconds(3), 24)),
            milliseconds(0));
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored(kWeb).cpu_ns, 11'000'000U);
  EXPECT_EQ(Stored(kWeb).held_ns, 3'000'000'000U);
  EXPECT_DOUBLE_EQ(Stored(kWeb).mib_ms, 24);
  EXPECT_EQ(Stored(kWeb).calls, 0U);
}

TEST_F(AccountsTest, AnotherKeeperBeginsAnewAndOneThatEndedIsForgotten) {
  using std::chrono::seconds;
  accounts_->AddUse("k-shop-1", kWeb, Used(milliseconds(10), seconds(2), 16));
  accounts_->Ended("k-shop-1", "shop", "keeper");
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_TRUE(store_->MeterSources()->empty());
  accounts_->AddUse("k-shop-2", kWeb, Used(milliseconds(4), seconds(1), 8));
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored(kWeb).cpu_ns, 14'000'000U);
  Restart();
  accounts_->KeepOnly({"k-shop-2"});
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(store_->MeterSources()->size(), 1U);
  Restart();
  accounts_->KeepOnly({});
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_TRUE(store_->MeterSources()->empty());
}

TEST_F(AccountsTest, WithoutMeteringNothingIsCounted) {
  Accounts off(*store_, clock_, registry_, log_, Accounts::Metering::kOff);
  off.Add("shop-1", kCart, kOfTheCall, Call());
  off.Reached("shop-1", "shop", "cell", 8, milliseconds(5));
  EXPECT_EQ(off.AddUse("k-shop-1", kWeb, Used(milliseconds(4), std::chrono::seconds(1), 8)),
            milliseconds(4))
      << "live figures have it all the same";
  ASSERT_TRUE(off.Flush());
  EXPECT_TRUE(store_->GetUsage()->usage.empty());
  EXPECT_TRUE(store_->MeterSources()->empty());
}

TEST_F(AccountsTest, WhatCouldNotBeStoredIsStoredLater) {
  auto other = store::Database::Open(std::string(folder_.path()) + "/state.db");
  ASSERT_TRUE(other);
  ASSERT_TRUE(
      (*other)->Script("CREATE TRIGGER full BEFORE INSERT ON usage"
                       " BEGIN SELECT RAISE(ABORT, 'no room'); END;"));
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  EXPECT_FALSE(accounts_->Flush());
  EXPECT_EQ(accounts_->Totals()->usage[kCart].calls, 1U) << "it is counted all the same";
  ASSERT_TRUE((*other)->Script("DROP TRIGGER full;"));
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().calls, 2U);
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().calls, 2U);
}

TEST_F(AccountsTest, NothingIsCountedByWhoDoesNotKnowHowFarItWas) {
  auto other = store::Database::Open(std::string(folder_.path()) + "/state.db");
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->Script("DROP TABLE meter_sources;"));
  Accounts blind(*store_, clock_, registry_, log_, Accounts::Metering::kOn);
  EXPECT_FALSE(blind.Recover());
}

TEST_F(AccountsTest, ACellThatLiesAboutItsCallsStopsNothing) {
  auto absurd = Call();
  absurd.cpu_ns = UINT64_MAX;
  absurd.run_ns = UINT64_MAX;
  accounts_->Add("shop-1", kCart, kOfTheCall, absurd);
  accounts_->Add("shop-1", kCart, kOfTheCall, absurd);
  accounts_->Ended("shop-1", "shop", "cell");
  ASSERT_TRUE(accounts_->Flush());
  accounts_->Add("shop-1", kCart, kOfTheCall, absurd);
  ASSERT_TRUE(accounts_->Flush());
  EXPECT_EQ(Stored().calls, 3U);
  EXPECT_EQ(Stored().cpu_ns, std::uint64_t{INT64_MAX});
}

TEST_F(AccountsTest, ItIsWrittenOnceASecondWhileThereAreCalls) {
  EXPECT_FALSE(accounts_->Due());
  accounts_->Add("shop-1", kCart, kOfTheCall, Call());
  EXPECT_FALSE(accounts_->Due());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(accounts_->Due());
  ASSERT_TRUE(accounts_->Flush());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(accounts_->Due()) << "nothing happened";
}

}  // namespace
}  // namespace strata::manager
