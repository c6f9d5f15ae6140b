// Pools over a driver that does what the test says.
#include "keeper/pools/pool.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/async/task.h"
#include "keeper/pools/pools.h"
#include "keeper/testing/pool_fixture.h"
#include "model/values.h"

namespace strata::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Lines;
using testing::PooledImage;
using testing::PoolTest;

TEST_F(PoolTest, ACallTakesTheOneThatWaitsAndAnotherIsMade) {
  auto pool = Make({.min = 1});
  EXPECT_EQ(pool->state().ready, 1U);
  EXPECT_TRUE(CallIsWarm(*pool));
  EXPECT_TRUE(CallIsWarm(*pool));
  EXPECT_EQ(pool->state().warm, 2U);
  EXPECT_EQ(pool->state().cold, 0U);
  EXPECT_EQ(pool->state().ready, 1U);
  // Each of its own, and never one that another had.
  ASSERT_EQ(script_.called.size(), 2U);
  EXPECT_NE(script_.called[0], script_.called[1]);
}

TEST_F(PoolTest, WithoutOneACallMakesItsOwnUnderItsOwnId) {
  auto pool = Make({.keep_alive = milliseconds(0)});
  EXPECT_FALSE(CallIsWarm(*pool));
  EXPECT_EQ(script_.called, std::vector<std::string>{"call-1"});
  EXPECT_EQ(pool->state().cold, 1U);
  EXPECT_EQ(pool->state().ready, 0U);
  EXPECT_EQ(script_.live, 0U);
}

TEST_F(PoolTest, LinesOfOneThatWaitedGoToTheCallThatTookIt) {
  auto pool = Make({.min = 1});
  Lines lines;
  auto running = Begin(*pool, seconds(10), &lines);
  EXPECT_EQ(lines.all, std::vector<std::string>{"called"});
}

TEST_F(PoolTest, AnIdlePoolIsEmptied) {
  auto pool = Make({.keep_alive = minutes(5)});
  EXPECT_FALSE(CallIsWarm(*pool));
  EXPECT_EQ(pool->state().ready, 1U);
  clock_.Advance(minutes(5));
  pools_->Look();
  EXPECT_EQ(pool->state().ready, 0U);
  EXPECT_EQ(pool->state().unused, 1U);
  EXPECT_EQ(script_.live, 0U);
}

TEST_F(PoolTest, AnEmptiedPoolIsFilledAtOnceAndOneThatHasSomeWhenCallsHaveStarted) {
  auto pool = Make({.min = 2});
  Calm();
  ASSERT_EQ(pool->state().ready, 2U);
  auto first = Begin(*pool);
  EXPECT_EQ(pool->state().ready, 1U) << "it has one, and a call starts";
  auto second = Begin(*pool);
  EXPECT_EQ(pool->state().ready, 1U) << "they had emptied it";
  Calm();
  EXPECT_EQ(pool->state().ready, 2U);
}

TEST_F(PoolTest, ACallLooksAtNoOtherPool) {
  Pools::Bounds bounds;
  bounds.sandboxes = 8;  // fewer than there are pools that want one
  auto pool = Make({.min = 1}, bounds);
  const auto asked_for_a_call = [&] {
    Calm();
    const int before = clock_.asked;
    auto running = Begin(*pool);
    EXPECT_TRUE(running->exit && running->exit->has_value() && (*running->exit)->warm);
    running.reset();
    Run();
    return clock_.asked - before;
  };
  const int alone = asked_for_a_call();
  std::vector<std::shared_ptr<Pool>> others;
  for (int i = 0; i < 200; ++i) {
    others.push_back(Make({.keep_alive = minutes(60)}, {}, "g" + std::to_string(i)));
    EXPECT_FALSE(CallIsWarm(*others.back()));
  }
  EXPECT_EQ(asked_for_a_call(), alone);
}

TEST_F(PoolTest, CallsOneRightAfterAnotherFindTheirs) {
  auto pool = Make({.min = 1});
  for (int i = 0; i < 3; ++i) {
    auto running = Begin(*pool);
    ASSERT_TRUE(running->exit && running->exit->has_value());
    EXPECT_TRUE((*running->exit)->warm);
  }
}

TEST_F(PoolTest, OneThatIsAlwaysEmptyDoesNotKeepOthersFromTheirSecond) {
  auto steady = Make({.min = 2});
  auto busy = Make({.min = 1}, {}, "g");
  Calm();
  ASSERT_EQ(steady->state().ready, 2U);
  auto taken = Begin(*steady);
  script_.holds = true;  // what is made now is not ready before `busy` is empty again
  std::vector<std::unique_ptr<Running>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(Begin(*busy));
    clock_.Advance(seconds(1));
    ASSERT_FALSE(script_.warming.empty());
    script_.warming.back()->Set(Bytes::MiB(3));
    Run();
  }
  EXPECT_EQ(steady->state().ready, 2U);
}

TEST_F(PoolTest, WhoSeesWhatIsShownIsToldOfEachChange) {
  int changes = 0;
  pools_.emplace(loop_, clock_, Pools::Bounds{}, [&changes] { ++changes; });
  auto pool = Make({.min = 1});
  EXPECT_EQ(pool->state().ready, 1U);
  EXPECT_GT(changes, 0);
  const int before = changes;
  CallIsWarm(*pool);
  EXPECT_GT(changes, before);
}

TEST_F(PoolTest, ACallGetsWhatIsBeingMadeAndIsColdAllTheSame) {
  script_.holds = true;
  auto pool = Make({.min = 1});
  ASSERT_EQ(script_.warming.size(), 1U);
  auto running = Begin(*pool);
  EXPECT_FALSE(running->exit.has_value());
  EXPECT_EQ(script_.made.size(), 1U) << "it makes no second one";
  script_.warming[0]->Set(Bytes::MiB(3));
  Run();
  ASSERT_TRUE(running->exit && running->exit->has_value());
  EXPECT_FALSE((*running->exit)->warm);
  EXPECT_EQ(pool->state().cold, 1U);
}

TEST_F(PoolTest, ACallWaitsForAStuckFillingNoLongerThanThatUsuallyTakes) {
  script_.holds = true;
  auto pool = Make({.min = 1});
  clock_.Advance(milliseconds(990));
  auto running = Begin(*pool);
  EXPECT_FALSE(running->exit.has_value());
  clock_.Advance(milliseconds(10));
  loop_.restart();
  for (int i = 0; i < 100 && !running->exit; ++i) loop_.run_one_for(milliseconds(20));
  ASSERT_TRUE(running->exit && running->exit->has_value());
  EXPECT_EQ(script_.called, std::vector<std::string>{"call-1"});
  auto next = Begin(*pool);
  EXPECT_TRUE(next->exit && next->exit->has_value()) << "it does not wait at all";
  // What comes late all the same is the next call's.
  script_.warming[0]->Set(Bytes::MiB(3));
  Run();
  EXPECT_TRUE(CallIsWarm(*pool));
}

TEST_F(PoolTest, WhatUsuallyTakesLongIsWaitedForLonger) {
  script_.holds = true;
  auto pool = Make({.min = 1});
  clock_.Advance(seconds(2));
  script_.warming[0]->Set(Bytes::MiB(3));
  Run();
  ASSERT_EQ(pool->state().ready, 1U);
  auto first = Begin(*pool);
  ASSERT_EQ(script_.warming.size(), 2U);
  clock_.Advance(seconds(3));
  auto second = Begin(*pool);
  EXPECT_FALSE(second->exit.has_value());
  script_.warming[1]->Set(Bytes::MiB(3));
  Run();
  EXPECT_TRUE(second->exit.has_value());
  EXPECT_EQ(script_.called.at(1), "f-warm-2") << "it made none of its own";
}

TEST_F(PoolTest, ACallWhoseFillingFailsMakesItsOwn) {
  script_.holds = true;
  auto pool = Make({.min = 1});
  auto running = Begin(*pool);
  script_.warming[0]->Set(Fail(Errc::kInternal, "no runtime today"));
  Run();
  EXPECT_TRUE(running->exit && running->exit->has_value());
  EXPECT_EQ(pool->state().problem, "no runtime today");
}

TEST_F(PoolTest, AfterAFailureItIsTriedAgainLaterAndNeverIfItCannotBe) {
  script_.fails = Error{Errc::kInternal, "not now"};
  auto pool = Make({.min = 1});
  Calm();
  EXPECT_EQ(script_.made.size(), 1U);
  script_.fails.reset();
  Calm();
  EXPECT_EQ(pool->state().ready, 1U);
  EXPECT_EQ(pool->state().problem, "");

  script_.fails = Error{Errc::kUnsupported, "it has a volume"};
  auto other = Make({.min = 1});
  const std::size_t made = script_.made.size();
  clock_.Advance(std::chrono::hours(1));
  Calm();
  EXPECT_EQ(script_.made.size(), made);
  EXPECT_EQ(other->state().problem, "it has a volume");
}

TEST_F(PoolTest, NoMoreWaitThanTheKeeperHasRoomFor) {
  auto first = Make({.min = 3}, {.sandboxes = 4});
  auto second = Make({.max = 3, .keep_alive = minutes(1)});
  for (int i = 0; i < 2; ++i) CallIsWarm(*second);
  auto one = Begin(*second);
  auto two = Begin(*second);
  auto three = Begin(*second);
  one.reset();
  two.reset();
  three.reset();
  Calm();
  EXPECT_EQ(second->state().wanted, 3U);
  EXPECT_EQ(second->state().ready, 1U);
  EXPECT_EQ(first->state().ready, 3U);
  EXPECT_EQ(pools_->CheckRoom("g", {.min = 2}).error().code, Errc::kResourceExhausted);
  EXPECT_TRUE(pools_->CheckRoom("f", {.min = 4})) << "it takes the place of its other revision";
}

TEST_F(PoolTest, ACallInAFullClassTakesThePlaceOfOneThatWaits) {
  script_.slots = 1;
  auto idle = Make({.min = 1});
  auto busy = Make({.keep_alive = milliseconds(0)});
  EXPECT_FALSE(CallIsWarm(*busy));
  EXPECT_EQ(idle->state().unused, 1U);
  EXPECT_EQ(idle->state().ready, 1U) << "there is room again";
}

TEST_F(PoolTest, WhatIsReadyAtAllTimesTakesThePlaceOfWhatIsKeptForAWhile) {
  script_.slots = 1;
  auto idle = Make({.keep_alive = minutes(5)});
  CallIsWarm(*idle);
  EXPECT_EQ(idle->state().ready, 1U);
  auto always = Make({.min = 1});
  EXPECT_EQ(always->state().ready, 1U);
  EXPECT_EQ(idle->state().ready, 0U);
}

TEST_F(PoolTest, OneThatCanNeverHaveRoomSaysSoAndTakesNobodysPlace) {
  auto kept = Make({.keep_alive = minutes(5)}, {.memory = Bytes::MiB(64)}, "kept");
  CallIsWarm(*kept);
  ASSERT_EQ(kept->state().ready, 1U);
  script_.warmed = Bytes::MiB(100);  // which nobody knew before it was made
  auto big = Make({.min = 1}, {}, "big");
  Calm();
  EXPECT_EQ(big->state().ready, 0U);
  EXPECT_EQ(big->state().unused, 1U);
  EXPECT_EQ(big->state().problem,
            "one of its sandboxes holds 100 MiB, and all of a namespace that wait may hold 64 MiB; "
            "let it hold less before its call, or set spec.scale.keep_alive to 0s");
  EXPECT_EQ(kept->state().ready, 1U);
  EXPECT_EQ(kept->state().problem, "");
}

TEST_F(PoolTest, NothingIsEndedThatMakesNoRoom) {
  auto kept = Make({.keep_alive = minutes(5)}, {.memory = Bytes::MiB(64)}, "kept");
  CallIsWarm(*kept);
  script_.warmed = Bytes::MiB(40);
  auto first = Make({.min = 1}, {}, "first");
  ASSERT_EQ(first->state().ready, 1U);
  auto third = Make({.min = 1}, {}, "third");  // 32 MiB, as far as is known: too much beside 40
  Calm();
  EXPECT_EQ(third->state().ready, 0U);
  EXPECT_NE(third->state().problem.find("hold 43 MiB of 64 MiB"), std::string::npos)
      << third->state().problem;
  EXPECT_EQ(first->state().ready, 1U);
  EXPECT_EQ(kept->state().ready, 1U) << "its 3 MiB would not have been enough";
}

TEST_F(PoolTest, WhoFindsAsManyAsMayWaitIsToldSo) {
  auto first = Make({.min = 2}, {.sandboxes = 2}, "first");
  Calm();
  auto later = Make({.keep_alive = minutes(5)}, {}, "later");
  CallIsWarm(*later);
  EXPECT_EQ(first->state().ready, 2U) << "it was there before, and is to have them";
  EXPECT_EQ(later->state().ready, 0U);
  EXPECT_EQ(later->state().problem,
            "2 sandboxes of the namespace wait already, as many as may; lower spec.scale.min, max "
            "or keep_alive of another Function of the namespace");
}

TEST_F(PoolTest, ACallTakesWhatIsKeptBeyondAMinimumFirst) {
  script_.slots = 3;
  auto always = Make({.min = 1}, {}, "always");  // has waited longest
  auto kept = Make({.keep_alive = minutes(5)}, {}, "kept");
  CallIsWarm(*kept);
  ASSERT_EQ(kept->state().ready, 1U);
  auto busy = Make({.keep_alive = milliseconds(0)}, {}, "busy");
  auto one = Begin(*busy);
  auto two = Begin(*busy);
  EXPECT_EQ(always->state().ready, 1U);
  EXPECT_EQ(kept->state().ready, 0U);
}

TEST_F(PoolTest, ACallInLineTakesThePlaceOfWhatWasBeingMade) {
  script_.slots = 1;
  script_.holds = true;
  auto idle = Make({.min = 1});
  auto busy = Make({.keep_alive = milliseconds(0)});
  auto running = Begin(*busy);
  EXPECT_FALSE(running->exit.has_value());
  script_.warming[0]->Set(Bytes::MiB(3));
  Run();
  EXPECT_TRUE(running->exit.has_value());
  EXPECT_EQ(idle->state().unused, 1U);
}

TEST_F(PoolTest, ACallInLineTakesThePlaceOfWhatCouldNotBeMade) {
  script_.slots = 1;
  script_.holds = true;
  auto idle = Make({.min = 1});
  auto busy = Make({.keep_alive = milliseconds(0)});
  auto running = Begin(*busy);
  script_.warming[0]->Set(Fail(Errc::kInternal, "no runtime today"));
  Run();
  EXPECT_TRUE(running->exit.has_value());
}

TEST_F(PoolTest, CallsWaitInLineForASandboxThatEnds) {
  script_.slots = 1;
  auto pool = Make({.keep_alive = milliseconds(0)});
  auto first = Begin(*pool);
  auto second = Begin(*pool);
  auto third = Begin(*pool);
  EXPECT_FALSE(second->exit.has_value());
  first.reset();
  Run();
  EXPECT_TRUE(second->exit.has_value());
  EXPECT_FALSE(third->exit.has_value());
  second.reset();
  Run();
  EXPECT_TRUE(third->exit.has_value());
}

TEST_F(PoolTest, WhoIsInLineLooksAgainForWhatNobodyTells) {
  script_.slots = 1;
  auto pool = Make({.keep_alive = milliseconds(0)});
  auto first = Begin(*pool);
  auto second = Begin(*pool);
  script_.slots = 2;  // as when a service's replica ends
  while (!second->exit) loop_.run_one();
  EXPECT_TRUE(second->exit->has_value());
}

TEST_F(PoolTest, WhatIsNoCallTakesThePlaceOfOneThatWaits) {
  script_.slots = 1;
  auto idle = Make({.min = 1});
  PooledImage image(loop_, clock_, script_);
  auto replica = pools_->Create("container", image, {.id = "web-1"});
  EXPECT_TRUE(replica.has_value());
  EXPECT_EQ(idle->state().ready, 0U);
  EXPECT_EQ(pools_->Create("container", image, {.id = "web-2"}).error().code,
            Errc::kResourceExhausted);
}

TEST_F(PoolTest, WhoWaitsUntilItsDeadlineIsRefused) {
  script_.slots = 1;
  auto pool = Make({.keep_alive = milliseconds(0)});
  auto first = Begin(*pool);
  auto second = Begin(*pool, milliseconds(1));
  clock_.Advance(milliseconds(1));
  while (!second->exit) loop_.run_one();
  EXPECT_EQ(second->exit->error().code, Errc::kResourceExhausted);
  EXPECT_EQ(pool->state().refused, 1U);
}

TEST_F(PoolTest, TheLineIsBounded) {
  script_.slots = 1;
  auto pool = Make({.keep_alive = milliseconds(0)}, {.calls_in_line = 1});
  auto first = Begin(*pool);
  auto second = Begin(*pool);
  auto third = Begin(*pool);
  ASSERT_TRUE(third->exit.has_value());
  EXPECT_EQ(third->exit->error().code, Errc::kResourceExhausted);
  EXPECT_FALSE(second->exit.has_value());
  first.reset();
  Run();
  EXPECT_TRUE(second->exit.has_value());
}

TEST_F(PoolTest, CallsOfAHigherPriorityGoFirst) {
  script_.slots = 1;
  const model::Scale none{.keep_alive = milliseconds(0)};
  auto low = Make(none, {.calls_in_line = 2}, "low", model::Priority::kLow);
  auto normal = Make(none, {}, "normal");
  auto high = Make(none, {}, "high", model::Priority::kHigh);
  auto first = Begin(*low);
  auto second = Begin(*low);
  auto third = Begin(*normal);
  auto fourth = Begin(*high);
  ASSERT_TRUE(second->exit.has_value()) << "the line is full, and it is the lowest";
  EXPECT_EQ(second->exit->error().code, Errc::kResourceExhausted);
  auto fifth = Begin(*normal);
  ASSERT_TRUE(fifth->exit.has_value()) << "an equal is not overtaken";
  first.reset();
  Run();
  EXPECT_TRUE(fourth->exit.has_value());
  EXPECT_FALSE(third->exit.has_value());
  fourth.reset();
  Run();
  EXPECT_TRUE(third->exit.has_value());
  EXPECT_EQ(low->state().refused, 1U);
}

TEST_F(PoolTest, AStoppedCallLeavesTheLine) {
  script_.slots = 1;
  auto pool = Make({.keep_alive = milliseconds(0)});
  auto first = Begin(*pool);
  auto second = Begin(*pool);
  auto third = Begin(*pool);
  second->sandbox->Stop();
  Run();
  ASSERT_TRUE(second->exit && !second->exit->has_value()) << "no guest of it has ended";
  EXPECT_EQ(second->exit->error().code, Errc::kUnavailable);
  first.reset();
  Run();
  EXPECT_TRUE(third->exit.has_value());
}

TEST_F(PoolTest, AClosedPoolKeepsNone) {
  script_.holds = true;
  auto pool = Make({.min = 2});
  script_.warming[0]->Set(Bytes::MiB(3));
  Run();
  EXPECT_EQ(pool->state().ready, 1U);
  pool->Close();
  script_.warming[1]->Set(Bytes::MiB(3));  // was under way
  Run();
  EXPECT_FALSE(pools_->filling());
  EXPECT_EQ(script_.live, 0U);
  script_.holds = false;
  EXPECT_FALSE(CallIsWarm(*pool));
}

}  // namespace
}  // namespace strata::keeper
