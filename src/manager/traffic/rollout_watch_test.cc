#include "manager/traffic/rollout_watch.h"

#include <chrono>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using State = model::Rollout::State;
using std::chrono::seconds;
using ::testing::HasSubstr;

// Its wall clock can be set.
class Clocks final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const noexcept override { return now; }
  [[nodiscard]] WallTime WallNow() const noexcept override { return wall; }

  TimePoint now{seconds(100)};
  WallTime wall{seconds(1'000'000)};
};

class RolloutWatchTest : public ::testing::Test {
 protected:
  RolloutWatchTest() {
    rollout_.tenant = "shop";
    rollout_.name = "f";
    rollout_.canary.revision = 3;
    rollout_.steps = {10, 100};
    rollout_.interval = seconds(30);
    rollout_.started = rollout_.since = clock_.wall;
    watch_->Follow({&rollout_, 1});
  }

  void Call(const std::string& target, int calls, std::uint16_t status = 200, int ms = 5) {
    cell::Function function;
    function.tenant = "shop";
    function.name = "f";
    function.target = target;
    function.revision = revision_;
    meter::CallRecord record;
    const WallTime start = clock_.wall - came_;
    record.wall_start_ns = static_cast<std::uint64_t>(start.time_since_epoch().count());
    record.run_ns = static_cast<std::uint64_t>(ms) * 1'000'000;
    record.status = status;
    record.sandbox = came_to_;
    record.led_by = led_by_;
    record.lost = lost_ ? 1 : 0;
    for (int i = 0; i < calls; ++i) watch_->Add(function, record);
  }

  // The next manager: what was counted is gone.
  void Restart() {
    watch_.emplace(clock_);
    watch_->Follow({&rollout_, 1});
  }

  // Whether something came of it; then it is the rollout from now on.
  bool Go(seconds later) {
    clock_.now += later;
    clock_.wall += later;
    auto next = watch_->Next(rollout_);
    if (!next) return false;
    rollout_ = *std::move(next);
    watch_->Follow({&rollout_, 1});
    return true;
  }

  Clocks clock_;
  model::Rollout rollout_;
  std::optional<RolloutWatch> watch_{clock_};
  meter::LedBy led_by_ = meter::LedBy::kTraffic;
  meter::SandboxCame came_to_ = meter::SandboxCame::kAtOnce;
  bool lost_ = false;           // each call, with its keeper
  seconds came_{0};             // each call, ago
  std::uint32_t revision_ = 0;  // that a call was of
};

TEST_F(RolloutWatchTest, OnlyCallsThatWereDrawnCompareTheSides) {
  for (const auto aside : {meter::LedBy::kName, meter::LedBy::kForm, meter::LedBy::kCopy}) {
    led_by_ = aside;
    Call("", 1000);
    Call("@3", 1000, 500);
  }
  EXPECT_FALSE(Go(seconds(60)));
  const Json figures = watch_->Figures(rollout_);
  EXPECT_EQ(figures["stable"]["calls"], 0);
  EXPECT_EQ(figures["canary"]["calls"], 0);
}

TEST_F(RolloutWatchTest, AStepThatIsNotOverAtItsDeadlineIsRolledBack) {
  rollout_.deadline = seconds(600);
  watch_->Follow({&rollout_, 1});
  Call("", 100);
  Call("@3", 7);
  EXPECT_FALSE(Go(seconds(599)));
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_EQ(rollout_.because,
            "its step of 10 % was not over at its deadline, after 600 s: it waited for 93 more "
            "calls of the canary");
}

TEST_F(RolloutWatchTest, EachStepHasADeadlineOfItsOwn) {
  rollout_.deadline = seconds(600);
  watch_->Follow({&rollout_, 1});
  EXPECT_FALSE(Go(seconds(599)));
  Call("", 100);
  Call("@3", 100);
  EXPECT_TRUE(Go(seconds(1))) << "at its deadline it is over";
  EXPECT_EQ(rollout_.step, 1U);
  EXPECT_FALSE(Go(seconds(599)));
  clock_.wall += seconds(100'000);
  EXPECT_FALSE(Go(seconds(0))) << "a clock that is set";
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
}

TEST_F(RolloutWatchTest, AStepWaitsForCallsToCompareWith) {
  Call("", 99);
  Call("@3", 1000);
  EXPECT_FALSE(Go(seconds(60)));
  EXPECT_THAT(watch_->Figures(rollout_)["verdict"],
              HasSubstr("99 of 100 calls of the stable side"));
  Call("", 1);
  EXPECT_TRUE(Go(seconds(0)));
  EXPECT_EQ(rollout_.step, 1U);
}

TEST_F(RolloutWatchTest, AFirstStepWithEverythingIsNotCompared) {
  rollout_.steps = {100};
  clock_.wall += seconds(1);
  rollout_.started = rollout_.since = clock_.wall;
  watch_->Follow({&rollout_, 1});
  Call("@3", 100);
  EXPECT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.state, State::kPromoted);
  EXPECT_THAT(rollout_.because, HasSubstr("not compared"));
}

TEST_F(RolloutWatchTest, AStepTakesItsTimeAndItsCalls) {
  Call("", 900);
  Call("@3", 99);
  EXPECT_FALSE(Go(seconds(10)));
  EXPECT_FALSE(Go(seconds(30))) << "a call is missing";
  Call("@3", 1);
  EXPECT_TRUE(Go(seconds(0)));
  EXPECT_EQ(rollout_.step, 1U);
  EXPECT_EQ(rollout_.state, State::kRunning);
  EXPECT_EQ(rollout_.canary_share(), 100U);
  EXPECT_THAT(rollout_.because, HasSubstr("100 calls: 0 failed"));

  Call("@3", 100);
  EXPECT_FALSE(Go(seconds(29)));
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kPromoted);
  EXPECT_FALSE(Go(seconds(100)));
}

TEST_F(RolloutWatchTest, ABadSideIsGivenUpBeforeTheStepIsOver) {
  Call("", 900);
  Call("@3", 20, 500);
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_THAT(rollout_.because, HasSubstr("20 of 20 calls failed"));
  EXPECT_EQ(rollout_.canary_share(), 0U);
}

TEST_F(RolloutWatchTest, TheLastStepIsComparedWithTheOneBefore) {
  Call("", 900, 200, 5);
  Call("@3", 100, 200, 5);
  ASSERT_TRUE(Go(seconds(30)));
  Call("@3", 100, 200, 50);
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_THAT(rollout_.because, HasSubstr("the stable side's p99"));
}

TEST_F(RolloutWatchTest, ALastStepThatLostItsComparisonGoesBackAStep) {
  Call("", 900, 200, 5);
  Call("@3", 100, 200, 5);
  ASSERT_TRUE(Go(seconds(30)));
  Restart();
  Call("@3", 1000, 200, 50);
  ASSERT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.state, State::kRunning);
  EXPECT_EQ(rollout_.step, 0U);
  EXPECT_THAT(rollout_.because, HasSubstr("figures are lost"));
  Call("", 900, 200, 5);
  Call("@3", 100, 200, 50);
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
}

TEST_F(RolloutWatchTest, ARolloutOfOneStepHasNoneToGoBackTo) {
  rollout_.steps = {100};
  Restart();
  Call("@3", 100);
  ASSERT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.state, State::kPromoted);
}

TEST_F(RolloutWatchTest, LooksGoOnOverARestart) {
  Call("", 900);
  Call("@3", 20);
  EXPECT_FALSE(Go(seconds(1)));
  EXPECT_EQ(watch_->looks(rollout_), 1U);
  rollout_.looks = watch_->looks(rollout_);
  Restart();
  Call("", 900);
  Call("@3", 20);
  EXPECT_FALSE(Go(seconds(1)));
  EXPECT_EQ(watch_->looks(rollout_), 2U);
}

TEST_F(RolloutWatchTest, ASideThatRefusesEverythingIsGivenUpThoughNoCallOfItCounts) {
  Call("", 100);
  Call("@3", 19, 404);
  EXPECT_FALSE(Go(seconds(1)));
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["calls"], 0);
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["status_4xx"], 19);
  Call("@3", 1, 404);
  EXPECT_TRUE(Go(seconds(0)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_THAT(rollout_.because, HasSubstr("20 of 20 calls were answered with 4xx"));
}

TEST_F(RolloutWatchTest, WhatClientsAskForInTheLastStepIsNotComparedWithAnEarlierTime) {
  Call("", 1000);
  Call("@3", 1000);
  ASSERT_TRUE(Go(seconds(30)));
  ASSERT_EQ(rollout_.step, 1U);
  Call("@3", 950);
  Call("@3", 50, 404);  // a scanner has come
  EXPECT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.state, State::kPromoted) << rollout_.because;
}

TEST_F(RolloutWatchTest, WhatClientsDoToBothSidesIsNoFault) {
  Call("", 100, 404);
  Call("@3", 500, 404);
  EXPECT_FALSE(Go(seconds(60)));
  EXPECT_EQ(rollout_.state, State::kRunning);
}

TEST_F(RolloutWatchTest, WhatClientsDidAndOthersCallsDoNotCount) {
  Call("@3", 500, 0);
  Call("@2", 500, 500);
  came_ = seconds(1);
  Call("@3", 500, 500);  // before the step
  EXPECT_FALSE(Go(seconds(60)));
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["calls"], 0);
}

TEST_F(RolloutWatchTest, ASideWhoseClientsGiveUpIsTooSlow) {
  Call("", 1000, 200, 1);
  Call("@3", 500, 0, 1);  // they did not wait for either
  EXPECT_FALSE(Go(seconds(1)));
  Call("@3", 90, 200, 1);
  Call("@3", 10, 0, 3000);
  EXPECT_FALSE(Go(seconds(0))) << "it was looked at a moment ago";
  Call("@3", 150, 0, 3000);
  EXPECT_TRUE(Go(seconds(0)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_THAT(rollout_.because, HasSubstr("(160 of them until their clients left)"));
}

TEST_F(RolloutWatchTest, ASideThatHangsOnATenthIsGivenUpAtTheEndOfItsStep) {
  Call("", 1000, 200, 1);
  Call("@3", 90, 200, 1);
  Call("@3", 10, 0, 3000);
  EXPECT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.state, State::kRolledBack) << rollout_.because;
}

TEST_F(RolloutWatchTest, ASideThatAlwaysHangsIsGivenUpWithoutADeadline) {
  Call("", 1000, 200, 1);
  Call("@3", 20, 0, 3000);
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
}

TEST_F(RolloutWatchTest, ASideThatIsFullWhereTheOtherIsNotIsGivenUp) {
  Call("", 1000);
  Call("@3", 200);
  came_to_ = meter::SandboxCame::kNone;
  Call("@3", 300, 429);
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kRolledBack);
  EXPECT_THAT(rollout_.because, HasSubstr("300 of 500 calls came when it had as many as it may"));
}

TEST_F(RolloutWatchTest, SidesThatAreFullAlikeAreAsGood) {
  Call("", 400);
  Call("@3", 200);
  came_to_ = meter::SandboxCame::kNone;
  Call("", 600, 429);
  Call("@3", 300, 429);
  EXPECT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.step, 1U) << rollout_.because;
}

// Which of two that may have as many at once is full is decided by its share then.
TEST_F(RolloutWatchTest, ASideWithMoreOfTheTrafficMayBeFullMoreOften) {
  rollout_.steps = {90, 100};
  watch_->Follow({&rollout_, 1});
  Call("", 1000);
  Call("@3", 8000);
  came_to_ = meter::SandboxCame::kNone;
  Call("@3", 1000, 429);
  EXPECT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.step, 1U) << rollout_.because;
}

TEST_F(RolloutWatchTest, AKeeperThatIsLostTellsOfNoSide) {
  lost_ = true;
  Call("", 3, 503);
  Call("@3", 500, 503);
  EXPECT_FALSE(Go(seconds(60)));
  EXPECT_EQ(watch_->looks(rollout_), 0U);
  const Json figures = watch_->Figures(rollout_);
  EXPECT_EQ(figures["canary"]["calls"], 0);
  EXPECT_EQ(figures["canary"]["lost"], 500) << "it is shown all the same";
  EXPECT_EQ(figures["stable"]["lost"], 3);
  lost_ = false;
  Call("@3", 20, 503);
  EXPECT_TRUE(Go(seconds(0))) << "of what the form itself does nothing is excused";
  EXPECT_EQ(rollout_.state, State::kRolledBack);
}

TEST_F(RolloutWatchTest, BeforeACellHasSwitchedItsCurrentRevisionIsTheStableSides) {
  rollout_.canary = {};
  rollout_.stable.revision = 1;
  watch_->Follow({&rollout_, 1});
  revision_ = 1;
  Call("", 50);
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["calls"], 0);
  Call("@1", 7);
  revision_ = 2;
  Call("", 3);
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["calls"], 3);
  EXPECT_EQ(watch_->Figures(rollout_)["stable"]["calls"], 7);
}

TEST_F(RolloutWatchTest, AWallClockThatIsSetChangesNoStep) {
  clock_.wall -= std::chrono::hours(1);
  Call("", 100);
  Call("@3", 100);
  EXPECT_EQ(watch_->Figures(rollout_)["canary"]["calls"], 100) << "they came in this step";
  EXPECT_FALSE(Go(seconds(29)));
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.step, 1U);

  clock_.wall += std::chrono::hours(2);
  Call("@3", 100);
  EXPECT_FALSE(Go(seconds(29)));
  EXPECT_TRUE(Go(seconds(1)));
  EXPECT_EQ(rollout_.state, State::kPromoted);
}

TEST_F(RolloutWatchTest, AStepGoesOnWithTheNextManagerWhereItWas) {
  EXPECT_FALSE(Go(seconds(20)));
  Restart();
  Call("", 100);
  Call("@3", 100);
  EXPECT_FALSE(Go(seconds(9)));
  EXPECT_TRUE(Go(seconds(1)));

  // The clock was set back meanwhile: it begins again, and lasts no longer than that.
  rollout_.since += std::chrono::hours(1);
  Restart();
  EXPECT_EQ(watch_->Lasted(rollout_), Duration::zero());
}

TEST_F(RolloutWatchTest, WhatAStepWaitsForIsTold) {
  Call("@3", 7);
  Call("", 40);
  const auto waits = [this] { return watch_->Figures(rollout_).value("waits_for", ""); };
  EXPECT_EQ(waits(), "93 more calls of the canary, 60 more calls of the stable side, 30 s to pass");
  EXPECT_FALSE(Go(seconds(60)));
  EXPECT_EQ(waits(), "93 more calls of the canary, 60 more calls of the stable side");
  Call("", 960, 500);
  Call("@3", 91);
  Call("@3", 2, 500);
  EXPECT_FALSE(Go(seconds(0))) << "two of a hundred are too many to go on with, and show nothing";
  EXPECT_EQ(waits(), "calls that tell whether the canary is as good");
  rollout_.state = State::kPromoted;
  watch_->Follow({&rollout_, 1});
  EXPECT_EQ(waits(), "");
}

TEST_F(RolloutWatchTest, LooksGoOnFromStepToStep) {
  Call("", 900);
  Call("@3", 200);
  ASSERT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.looks, 1U);
  Call("@3", 200);
  ASSERT_TRUE(Go(seconds(30)));
  EXPECT_EQ(rollout_.looks, 2U);
}

TEST_F(RolloutWatchTest, WhatIsForgottenIsNotCounted) {
  watch_->Follow({});
  Call("@3", 5);
  EXPECT_EQ(watch_->Figures(rollout_), Json::object());
}

}  // namespace
}  // namespace strata::manager
