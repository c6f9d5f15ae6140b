#include "manager/slo_watches.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using ::testing::HasSubstr;

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

  void Call(const std::string& target, std::uint16_t status, int ms) {
    cell::Function function;
    function.tenant = "shop";
    function.name = "f";
    function.target = target;
    meter::CallRecord record;
    record.status = status;
    record.run_ns = static_cast<std::uint64_t>(ms) * 1'000'000;
    record.sandbox = came_;
    for (int i = 0; i < 200; ++i) watches_.Add(function, record);
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

TEST_F(SloWatchesTest, AMoveThatFailedIsTriedAgainInAWhile) {
  Follow();
  ASSERT_EQ(Missed(""), 1U);
  watches_.TryAgain(missed_[0], now_);
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
  watches_.TryAgain(first, now_);
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
  EXPECT_EQ(Missed("", 0), 0U);
  came_ = meter::SandboxCame::kNone;
  EXPECT_EQ(Missed("", 429, 1), 0U);
  EXPECT_EQ(Missed("", 503, 1), 1U);
  EXPECT_THAT(missed_[0].because, HasSubstr("found no sandbox"));
}

// Its CPU time and memory are its keeper's to tell, and it need not answer with a body.
TEST_F(SloWatchesTest, AProgramThatAnswersAnErrorHasASandbox) {
  Follow();
  for (const std::uint16_t status : {500, 502, 503}) EXPECT_EQ(Missed("", status, 1), 0U) << status;
}

}  // namespace
}  // namespace strata::manager
