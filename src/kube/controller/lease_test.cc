#include "kube/controller/lease.h"

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "http/exchange_io.h"
#include "kube/test_support.h"

namespace strata::kube::controller {
namespace {

using std::chrono::milliseconds;
using State = LeaseWatch::State;

Json Held(const char* holder, const char* renewed) {
  return {{"spec", {{"holderIdentity", holder}, {"renewTime", renewed}}}};
}

TEST(LeaseWatchTest, IsOursByName) {
  LeaseWatch watch("me");
  ManualClock clock;
  EXPECT_EQ(watch.See(Held("me", "t1"), clock.Now()), State::kOurs);
  EXPECT_EQ(watch.See(Json::object(), clock.Now()), State::kFree);
  EXPECT_EQ(watch.See(Held("", "t1"), clock.Now()), State::kFree);
}

TEST(LeaseWatchTest, AnothersIsFreeWhenItWasNotRenewedForATerm) {
  LeaseWatch watch("me");
  ManualClock clock;
  EXPECT_EQ(watch.See(Held("she", "t1"), clock.Now()), State::kAnothers);
  clock.Advance(kTerm - std::chrono::seconds(1));
  EXPECT_EQ(watch.See(Held("she", "t1"), clock.Now()), State::kAnothers);
  EXPECT_EQ(watch.See(Held("she", "t2"), clock.Now()), State::kAnothers);  // renewed
  clock.Advance(kTerm - std::chrono::seconds(1));
  EXPECT_EQ(watch.See(Held("she", "t2"), clock.Now()), State::kAnothers);
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(watch.See(Held("she", "t2"), clock.Now()), State::kFree);
}

TEST(LeaseWatchTest, AnotherHolderHasATermOfItsOwn) {
  LeaseWatch watch("me");
  ManualClock clock;
  EXPECT_EQ(watch.See(Held("she", "t1"), clock.Now()), State::kAnothers);
  clock.Advance(kTerm);
  EXPECT_EQ(watch.See(Held("he", "t1"), clock.Now()), State::kAnothers);
}

TEST(LeaseWatchTest, WhoLosesItStopsBeforeAnotherMayBegin) { EXPECT_LT(kGiveUp + kRenew, kTerm); }

// With an API server that has one lease, and is at times silent or late.
class LeaseHolderTest : public ::testing::Test {
 protected:
  LeaseHolderTest() { Spawn(api_.http.loop, Act()); }
  ~LeaseHolderTest() override { api_.Close(); }

  Awaitable<void> Act() {
    co_await holder_.Acquire();
    ours_ = true;
    co_await holder_.Keep();
    ours_ = false;
  }

  Awaitable<void> Answer(http::Exchange& exchange) {
    ++asked_;
    const auto body = co_await http::ReadAll(exchange, 1_MiB);
    Timer timer(api_.http.loop.get_executor());
    while (silent_) {
      timer.expires_after(milliseconds(1));
      co_await timer.async_wait(kAwait);
    }
    if (exchange.head().method == "PATCH") {
      lease_.merge_patch(*ParseJson(*body));
      api_.http.clock.Advance(std::exchange(late_, Duration::zero()));
    }
    std::string answer = DumpJson(lease_);
    auto sent = co_await http::Answer(exchange.sink(), 200, "application/json", std::move(answer));
    static_cast<void>(sent);
  }

  Awaitable<void> Release(bool& done) {
    auto released = co_await holder_.Release();
    done = released.has_value();
  }
  bool Releases() {
    bool done = false;
    Spawn(api_.http.loop, Release(done));
    return api_.http.RunUntil([&] { return done; });
  }

  // Until the answers to `count` requests have been taken, so that the holder waits again.
  bool Asked(int count) {
    return api_.http.RunUntil([&] { return asked_ == count && api_.listener->connections() == 0; });
  }

  bool silent_ = false;
  Duration late_{0};  // that the next change is
  int asked_ = 0;
  Json lease_ = {{"metadata", {{"resourceVersion", "1"}}}, {"spec", Json::object()}};
  bool ours_ = false;
  ApiServer api_{[this](http::Exchange& exchange) { return Answer(exchange); }};
  ApiClient client_{api_.http.loop, api_.access()};
  LeaseHolder holder_{api_.http.loop, client_, api_.http.clock,
                      "/leases/x",    "me",    telemetry::Logger()};
};

TEST_F(LeaseHolderTest, KeepsWhatItRenewsUntilItIsAnothers) {
  ASSERT_TRUE(Asked(2));  // it looks, and takes it
  for (int asked = 2; asked < 14; asked += 2) {
    ASSERT_TRUE(ours_) << asked;
    api_.http.clock.Advance(kRenew);
    ASSERT_TRUE(Asked(asked + 2)) << asked;
  }
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "me");
  lease_["spec"]["holderIdentity"] = "she";
  api_.http.clock.Advance(kRenew);
  EXPECT_TRUE(api_.http.RunUntil([&] { return !ours_; }));
}

TEST_F(LeaseHolderTest, GivesUpInTimeWhileTheServerIsSilent) {
  ASSERT_TRUE(Asked(2));
  silent_ = true;
  api_.http.clock.Advance(kRenew);
  ASSERT_TRUE(api_.http.RunUntil([&] { return asked_ == 3; }));
  EXPECT_TRUE(ours_);
  api_.http.clock.Advance(kGiveUp - kRenew);
  EXPECT_TRUE(api_.http.RunUntil([&] { return !ours_; }));
}

TEST_F(LeaseHolderTest, WhatIsSaidToBeOursTooLateIsNot) {
  late_ = kGiveUp;
  ASSERT_TRUE(Asked(2));
  EXPECT_FALSE(ours_);
  api_.http.clock.Advance(kRenew);
  ASSERT_TRUE(Asked(4));
  EXPECT_TRUE(ours_);
}

TEST_F(LeaseHolderTest, WhatIsOursIsGivenUpAndWhatIsAnothersIsNot) {
  ASSERT_TRUE(Asked(2));
  ASSERT_TRUE(Releases());
  EXPECT_EQ(LeaseWatch("she").See(lease_, api_.http.clock.Now()), State::kFree);
  EXPECT_EQ(asked_, 4);
  lease_["spec"]["holderIdentity"] = "she";
  ASSERT_TRUE(Releases());
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "she");
  EXPECT_EQ(asked_, 5) << "it is looked at alone";
}

}  // namespace
}  // namespace strata::kube::controller
