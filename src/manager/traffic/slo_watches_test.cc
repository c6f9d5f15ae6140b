#include "manager/traffic/slo_watches.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SloWatchesTest : public ::testing::Test {
 protected:
  SloWatchesTest() {
    form_.revision.tenant = "shop";
    form_.revision.name = "f";
    form_.revision.number = 1;
    form_.revision.workload.slo.p99 = std::chrono::milliseconds(50);
    rollout_.tenant = "shop";
    rollout_.name = "f";
    rollout_.canary.sandbox_class = model::Class::kContainer;
  }

  void Follow(std::vector<model::Rollout> rollouts = {}) {
    watches_.Follow({&form_, 1}, rollouts, now_);
  }

  void Call(const std::string& target, std::uint16_t status, int ms, int times = 200) {
    cell::Function function;
    function.tenant = "shop";
    function.name = "f";
    function.target = target;
    meter::CallRecord record;
    record.status = status;
    record.run_ns = static_cast<std::uint64_t>(ms) * 1'000'000;
    record.queue_ns = queued_ms_ * 1'000'000;
    record.sandbox = came_;
    record.led_by = led_by_;
    record.exit = static_cast<std::uint8_t>(exit_);
    record.lost = lost_ ? 1 : 0;
    for (int i = 0; i < times; ++i) watches_.Add(function, record);
  }

  // How many workloads should move, after three windows of calls like this.
  std::size_t Missed(const std::string& target, std::uint16_t status = 200, int ms = 80) {
    std::size_t found = 0;
    for (int window = 0; window < scheduler::SloWatch::kInARow; ++window) {
      Call(target, status, ms);
      now_ += scheduler::SloWatch::kWindow;
      auto missed = watches_.Check(now_);
      found += missed.size();
      if (!missed.empty()) missed_ = std::move(missed);
    }
    return found;
  }

  TimePoint now_{};
  meter::SandboxCame came_ = meter::SandboxCame::kAtOnce;
  std::uint64_t queued_ms_ = 0;
  bool lost_ = false;  // each call, with its keeper
  meter::LedBy led_by_ = meter::LedBy::kTraffic;
  model::ExitReason exit_ = model::ExitReason::kReturned;
  Form form_;
  model::Rollout rollout_;
  SloWatches watches_;
  std::vector<SloWatches::Missed> missed_;  // the last that there were
};

TEST_F(SloWatchesTest, WhatMissesItsSloIsNamedOnceForEachRevision) {
  Follow();
  EXPECT_EQ(Missed(""), 1U);
  ASSERT_EQ(missed_.size(), 1U);
  EXPECT_EQ(missed_[0].name, "f");
  EXPECT_EQ(missed_[0].revision, 1U);
  EXPECT_EQ(Missed(""), 0U) << "its move is under way, or there is no other class";
  Follow();
  EXPECT_EQ(Missed(""), 0U);
  form_.revision.number = 2;
  Follow();
  EXPECT_EQ(Missed(""), 1U) << "a new revision is tried again";
}

TEST_F(SloWatchesTest, CallsThatNoMoveTakesAlongSayNothing) {
  Follow();
  for (const auto stays : {meter::LedBy::kForm, meter::LedBy::kCopy}) {
    led_by_ = stays;
    EXPECT_EQ(Missed(""), 0U);
  }
  led_by_ = meter::LedBy::kName;
  EXPECT_EQ(Missed(""), 1U);
}

TEST_F(SloWatchesTest, ErrorsThatTheProgramAnswersMoveNothingAndAreSaid) {
  form_.revision.workload.slo = {.availability = 990'000};
  Follow();
  EXPECT_EQ(Missed("", 500, 1), 0U);
  const Json stays = watches_.StaysOf("shop", "f");
  EXPECT_THAT(stays["because"], HasSubstr("100.0 % of its last 200 calls failed, 200 of them"));
  EXPECT_EQ(stays["why"], "no class mends what the program itself answers");
  exit_ = model::ExitReason::kViolation;
  EXPECT_EQ(Missed("", 502, 1), 1U);
}

TEST_F(SloWatchesTest, AMoveThatFailedIsTriedAgainInAWhile) {
  Follow();
  ASSERT_EQ(Missed(""), 1U);
  watches_.Stayed(missed_[0], "it failed", now_);
  EXPECT_EQ(Missed(""), 0U) << "not at once";
  now_ += SloWatches::kTryAgain;
  EXPECT_EQ(Missed(""), 1U);
}

TEST_F(SloWatchesTest, AFailedMoveSaysNothingOfWhereTrafficWentSince) {
  Follow();
  ASSERT_EQ(Missed(""), 1U);
  const SloWatches::Missed first = missed_[0];
  rollout_.state = model::Rollout::State::kPromoted;
  form_.target = rollout_.canary;
  Follow({rollout_});
  ASSERT_EQ(Missed(":container"), 1U);
  watches_.Stayed(first, "it failed", now_);
  now_ += SloWatches::kTryAgain;
  EXPECT_EQ(Missed(":container"), 0U);
}

TEST_F(SloWatchesTest, AClassThatWasNamedStays) {
  form_.revision.workload.sandbox_class = model::Class::kWasm;
  Follow();
  EXPECT_EQ(Missed(""), 0U);
}

TEST_F(SloWatchesTest, OnlyWhatHasTheTrafficToItselfIsWatched) {
  Follow({rollout_});
  EXPECT_EQ(Missed(""), 0U) << "it is being moved";
  rollout_.state = model::Rollout::State::kPromoted;
  Follow({rollout_});
  EXPECT_EQ(Missed(""), 0U) << "traffic is elsewhere";
  form_.target = rollout_.canary;
  Follow({rollout_});
  EXPECT_EQ(Missed(":container"), 1U);
  form_.target = {};
  rollout_.state = model::Rollout::State::kRolledBack;
  Follow({rollout_});
  EXPECT_EQ(Missed(""), 1U);
  rollout_.stable = {.revision = 1, .sandbox_class = model::Class::kContainer};
  form_.target = rollout_.stable;
  Follow({rollout_});
  EXPECT_EQ(Missed("@1:container"), 1U) << "a newer one was given up beside it";
  EXPECT_EQ(missed_[0].target, rollout_.stable);
  rollout_.stable = {.revision = 1};
  form_.target = rollout_.stable;
  Follow({rollout_});
  EXPECT_EQ(Missed("@1"), 1U);
  form_.target = rollout_.stable = {};
  rollout_.missed = {model::Class::kWasm};
  Follow({rollout_});
  EXPECT_EQ(Missed(""), 0U) << "somebody took it back";
}

TEST_F(SloWatchesTest, WindowsGoOnOverAConfiguration) {
  Follow();
  for (int window = 0; window < scheduler::SloWatch::kInARow; ++window) {
    Follow();
    Call("", 200, 80);
    now_ += scheduler::SloWatch::kWindow;
    missed_ = watches_.Check(now_);
  }
  EXPECT_EQ(missed_.size(), 1U);
}

TEST_F(SloWatchesTest, CallsThatFoundNoSandboxCountAndClientsMistakesDoNot) {
  Follow();
  EXPECT_EQ(Missed("", 404), 0U);
  EXPECT_EQ(Missed("", 0, 10), 0U);
  came_ = meter::SandboxCame::kNone;
  EXPECT_EQ(Missed("", 429, 1), 0U);
  EXPECT_EQ(Missed("", 503, 1), 1U);
  EXPECT_THAT(missed_[0].because, HasSubstr("found no sandbox"));
}

TEST_F(SloWatchesTest, ClientsThatGiveUpAfterTheBoundShowThatItIsMissed) {
  Follow();
  ASSERT_EQ(Missed("", 0, 80), 1U);
  EXPECT_THAT(missed_[0].because, HasSubstr("slo.p99_ms is 50, and 100.0 %"));
}

TEST_F(SloWatchesTest, CallsThatWereLostWithTheirKeeperMoveNothing) {
  Follow();
  lost_ = true;
  came_ = meter::SandboxCame::kNone;
  EXPECT_EQ(Missed("", 503, 1), 0U);
  lost_ = false;
  EXPECT_EQ(Missed("", 503, 1), 1U);
}

TEST_F(SloWatchesTest, WhyItStaysIsToldUntilItsClassDoesAgain) {
  Follow();
  ASSERT_EQ(Missed(""), 1U);
  watches_.Stayed(missed_[0], "no other class", now_);
  const Json stays = watches_.StaysOf("shop", "f");
  EXPECT_THAT(stays.value("because", ""), HasSubstr("slo.p99_ms is 50"));
  EXPECT_EQ(stays.value("why", ""), "no other class");
  EXPECT_EQ(Missed("", 200, 10), 0U);
  EXPECT_TRUE(watches_.StaysOf("shop", "f").is_null());
}

TEST_F(SloWatchesTest, WhatIsNeverMovedIsToldToo) {
  form_.revision.workload.sandbox_class = model::Class::kWasm;
  Follow();
  EXPECT_EQ(Missed(""), 0U);
  EXPECT_EQ(watches_.StaysOf("shop", "f").value("why", ""), "its class is named (spec.class)");
  form_.revision.workload.sandbox_class.reset();
  form_.revision.number = 2;
  rollout_.state = model::Rollout::State::kRolledBack;
  rollout_.kept = 30;
  Follow({rollout_});
  EXPECT_EQ(Missed(""), 0U) << "somebody took an overflow back";
  EXPECT_THAT(watches_.StaysOf("shop", "f").value("why", ""), HasSubstr("by hand"));
}

class OverflowTest : public SloWatchesTest {
 protected:
  OverflowTest() {
    rollout_.state = model::Rollout::State::kPromoted;
    rollout_.kept = 30;
    rollout_.carried = 100;
    Follow({rollout_});
  }

  // The first overflow that is named in so many windows of `calls` in either class, and when.
  std::vector<SloWatches::Calmed> Settle(int windows, int calls, int ms = 10) {
    for (waited_ = 1; waited_ <= windows; ++waited_) {
      for (int i = 0; i < calls; ++i) {
        Call("", 200, 10, 1);
        Call(":container", 200, ms, 1);
      }
      now_ += scheduler::SloWatch::kWindow;
      watches_.Check(now_);
      auto found = watches_.Settled(now_);
      if (!found.empty()) return found;
    }
    return {};
  }

  // It has come back, and the next one begins so much later.
  void OverflowsAgain(Duration later) {
    rollout_.kept = 0;
    std::swap(rollout_.stable, rollout_.canary);
    Follow({rollout_});
    EXPECT_TRUE(watches_.Settled(now_).empty());
    now_ += later;
    std::swap(rollout_.stable, rollout_.canary);
    rollout_.kept = 30;
    Follow({rollout_});
  }

  int waited_ = 0;
};

TEST_F(OverflowTest, ComesBackWhenItHasBeenCalm) {
  EXPECT_TRUE(Settle(20, 200).empty()) << "80 a second, and 70 stay without waiting";
  const auto found = Settle(20, 170);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(waited_, 6);
  EXPECT_EQ(found[0].to, rollout_.canary);
  EXPECT_FALSE(found[0].missed);
  EXPECT_EQ(found[0].because, "for 30 s no more calls came than its class carries");
}

TEST_F(OverflowTest, OneThatCameBackTooEarlyHasToBeCalmForTwiceAsLong) {
  ASSERT_EQ(Settle(20, 10).size(), 1U);
  EXPECT_EQ(waited_, 6);
  for (const int windows : {12, 24}) {
    OverflowsAgain(std::chrono::seconds(10));
    ASSERT_EQ(Settle(40, 10).size(), 1U);
    EXPECT_EQ(waited_, windows);
  }
  OverflowsAgain(std::chrono::hours(24));
  ASSERT_EQ(Settle(40, 10).size(), 1U);
  EXPECT_EQ(waited_, 6) << "the last one did not";
}

TEST_F(OverflowTest, WhatIsLookedAtAgainIsTheSameOverflow) {
  OverflowsAgain(std::chrono::seconds(10));
  rollout_.kept = 50;
  Follow({rollout_});
  ASSERT_EQ(Settle(20, 10).size(), 1U);
  EXPECT_EQ(waited_, 12);
}

TEST_F(OverflowTest, ComesBackFromAClassThatDoesNot) {
  const auto found = Settle(20, 200, 80);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].missed);
  EXPECT_THAT(found[0].because, HasSubstr("slo.p99_ms is 50"));
}

TEST_F(OverflowTest, StaysWhereBothClassesAreFull) {
  came_ = meter::SandboxCame::kBusy;
  Call(":container", 503, 1);
  now_ += scheduler::SloWatch::kWindow;
  EXPECT_TRUE(watches_.Settled(now_).empty());
  EXPECT_EQ(watches_.StaysOf("shop", "f").value("why", ""), "both classes are full");
}

TEST_F(OverflowTest, TheLoadIsThatOfBothClasses) {
  Call(":container", 200, 10, 300);
  came_ = meter::SandboxCame::kNone;
  Call("", 503, 10, 150);
  came_ = meter::SandboxCame::kAtOnce;
  Call("", 200, 10, 50);
  now_ += scheduler::SloWatch::kWindow;
  missed_ = watches_.Check(now_);
  ASSERT_EQ(missed_.size(), 1U);
  EXPECT_DOUBLE_EQ(missed_[0].overload.value_or(0), 100);
  EXPECT_DOUBLE_EQ(missed_[0].carried, 10);
}

TEST_F(SloWatchesTest, WhatWasEndedAtItsDeadlineForStandingInLineFoundTheClassFull) {
  Follow();
  exit_ = model::ExitReason::kStopped;
  EXPECT_EQ(Missed("", 504, 10), 0U) << "the program takes too long, wherever it runs";
  queued_ms_ = 2900;
  Call("", 504, 10, 110);
  exit_ = model::ExitReason::kReturned;
  Call("", 200, 10, 90);
  now_ += scheduler::SloWatch::kWindow;
  missed_ = watches_.Check(now_);
  ASSERT_EQ(missed_.size(), 1U);
  EXPECT_EQ(missed_[0].because,
            "110 of its last 200 calls found no sandbox, 110 of them because too many waited");
  EXPECT_DOUBLE_EQ(missed_[0].overload.value_or(0), 40);
  EXPECT_DOUBLE_EQ(missed_[0].carried, 18);
}

TEST_F(SloWatchesTest, AServersWaitIsForItsStartAndIsNoLine) {
  form_.revision.kind = model::Kind::kService;
  Follow();
  exit_ = model::ExitReason::kStopped;
  queued_ms_ = 2900;
  static_cast<void>(Missed("", 504, 10));
  for (const auto& each : missed_) EXPECT_THAT(each.because, Not(HasSubstr("too many waited")));
}

TEST_F(SloWatchesTest, OnlyWhatHasAnImageAndMayMoveNeedsOtherClasses) {
  Follow();
  EXPECT_FALSE(watches_.MayMoveToImages());
  form_.revision.variants = {{model::VariantKind::kWasm, "sha256:1"},
                             {model::VariantKind::kImage, "sha256:2"}};
  Follow();
  EXPECT_TRUE(watches_.MayMoveToImages());
  form_.revision.workload.sandbox_class = model::Class::kWasm;
  Follow();
  EXPECT_FALSE(watches_.MayMoveToImages()) << "its class is named";
}

// Its CPU time and memory are its keeper's to tell, and it need not answer with a body.
TEST_F(SloWatchesTest, AProgramThatAnswersAnErrorHasASandbox) {
  Follow();
  for (const std::uint16_t status : {500, 502, 503}) EXPECT_EQ(Missed("", status, 1), 0U) << status;
}

}  // namespace
}  // namespace strata::manager
