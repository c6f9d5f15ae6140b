#include "kube/controller/lease.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

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

}  // namespace
}  // namespace strata::kube::controller
