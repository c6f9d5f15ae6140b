#include "scheduler/moving/slo_watch.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::scheduler {
namespace {

using meter::SandboxCame;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class SloWatchTest : public ::testing::Test {
 protected:
  // A window of 200 calls, so many of which were slow or found no sandbox.
  std::optional<SloWatch::Reason> Window(int slow, int unstarted = 0, int busy = 0) {
    for (int i = 0; i < 200; ++i) {
      watch_.Add({.took = milliseconds(i < slow ? 80 : 10),
                  .sandbox = i < busy        ? SandboxCame::kBusy
                             : i < unstarted ? SandboxCame::kNone
                                             : SandboxCame::kAtOnce});
    }
    now_ += SloWatch::kWindow;
    return watch_.Check(now_);
  }

  TimePoint now_{};
  SloWatch watch_{{.p99 = milliseconds(50)}, now_};
};

TEST_F(SloWatchTest, ThreeWindowsInARowAreAReason) {
  EXPECT_FALSE(Window(20));
  EXPECT_FALSE(Window(20));
  const auto why = Window(20);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because, "slo.p99_ms is 50, and 10.0 % of its last 200 calls took longer");
}

TEST_F(SloWatchTest, ACallThatWasLeftAfterItsTimeTookLonger) {
  const auto window = [this](int left, std::chrono::milliseconds after) {
    for (int i = 0; i < left; ++i) watch_.AddLeft(after);
    return Window(0);
  };
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(window(200, milliseconds(50))) << "who knows";
  EXPECT_FALSE(window(50, milliseconds(80)));
  EXPECT_FALSE(window(50, milliseconds(80)));
  const auto why = window(50, milliseconds(80));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because, "slo.p99_ms is 50, and 20.0 % of its last 250 calls took longer");
  watch_ = SloWatch({.availability = 990'000}, now_);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(window(200, milliseconds(80))) << "nothing failed";
}

TEST_F(SloWatchTest, ABurstIsNone) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Window(100));
    EXPECT_FALSE(Window(100));
    EXPECT_FALSE(Window(2));
  }
}

TEST_F(SloWatchTest, AHundredthIsWhatAP99Allows) {
  // 3 of 200 is more than a hundredth, and is not shown to be.
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Window(3));
}

TEST_F(SloWatchTest, WhatCannotBeStartedIsLeftAtOnce) {
  EXPECT_FALSE(Window(0, 90));
  const auto why = Window(0, 200);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->because, HasSubstr("200 of its last 200 calls found no sandbox"));
  EXPECT_FALSE(why->overload) << "however few there were";
}

TEST_F(SloWatchTest, WhereSomeFindASandboxThereAreTooManyCalls) {
  const auto why = Window(0, 101);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->because, HasSubstr("101 of its last 200 calls found no sandbox"));
  ASSERT_TRUE(why->overload);
  EXPECT_DOUBLE_EQ(*why->overload, 200.0 / 5);
}

TEST_F(SloWatchTest, WhereTooManyWaitItIsLoadThoughNoneHasEnded) {
  const auto why = Window(0, 200, 150);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because,
            "200 of its last 200 calls found no sandbox, 150 of them because too many waited");
  ASSERT_TRUE(why->overload);
  EXPECT_DOUBLE_EQ(*why->overload, 200.0 / 5);
  EXPECT_FALSE(Window(0, 200, 50)->overload) << "most could not be started";
}

// A second of 300 calls, a third of which find a sandbox, after an hour with none, or few.
TEST_F(SloWatchTest, HowManyComeIsOfTheLastSecondsHoweverLongFewCame) {
  using std::chrono::seconds;
  for (const int every : {3601, 40}) {
    watch_ = SloWatch({}, now_);
    for (int second = 1; second <= 3600; ++second) {
      if (second % every == 0) watch_.Add({.took = milliseconds(10)});
      now_ += seconds(1);
      EXPECT_FALSE(watch_.Check(now_));
    }
    for (int i = 0; i < 300; ++i) {
      watch_.Add({.sandbox = i < 200 ? SandboxCame::kNone : SandboxCame::kAtOnce});
    }
    now_ += seconds(1);
    const auto why = watch_.Check(now_);
    ASSERT_TRUE(why) << every;
    ASSERT_TRUE(why->overload);
    EXPECT_GE(*why->overload, 60) << every;
    EXPECT_LE(*why->overload, 301) << every;
    EXPECT_NEAR(why->carried / *why->overload, every == 40 ? 0.48 : 1.0 / 3, 0.01);
  }
}

// Calls one at a time, a window apart each; how many there were until there was a reason.
class SlowTrickleTest : public SloWatchTest {
 protected:
  std::optional<int> Trickle(const std::function<SloWatch::Call(int)>& call, int most = 1000) {
    for (int i = 1; i <= most; ++i) {
      watch_.Add(call(i));
      now_ += SloWatch::kWindow;
      if (const auto why = watch_.Check(now_)) {
        because_ = why->because;
        return i;
      }
    }
    return std::nullopt;
  }
  std::string because_;
};

TEST_F(SlowTrickleTest, WhatEveryCallMissesNeedsNotManyOfThem) {
  EXPECT_EQ(Trickle([](int) { return SloWatch::Call{.took = milliseconds(80)}; }), 60);
  EXPECT_EQ(because_, "slo.p99_ms is 50, and 100.0 % of its last 20 calls took longer");
}

TEST_F(SlowTrickleTest, NorDoesWhatFailsOrFindsNoSandboxEachTime) {
  watch_ = SloWatch({.availability = 990'000}, now_);
  EXPECT_EQ(Trickle([](int) { return SloWatch::Call{.failed = true}; }), 60);
  EXPECT_EQ(because_, "slo.availability is 99, and 100.0 % of its last 20 calls failed");
  watch_ = SloWatch({}, now_);
  EXPECT_EQ(Trickle([](int) { return SloWatch::Call{.sandbox = SandboxCame::kNone}; }), 60)
      << "one bad moment of few calls is none";
}

TEST_F(SlowTrickleTest, WhatFewShowLessClearlyTakesMore) {
  // One of eight: clear at some 30 calls.
  const auto needed =
      Trickle([](int i) { return SloWatch::Call{.took = milliseconds(i % 8 == 0 ? 80 : 10)}; });
  ASSERT_TRUE(needed);
  EXPECT_GT(*needed, 60);
  EXPECT_LT(*needed, 3 * static_cast<int>(SloWatch::kEnough));
}

TEST_F(SlowTrickleTest, ASlowCallNowAndThenIsWhatAP99Allows) {
  // The first of each window is slow: 1 %, and at the first look 5 %.
  EXPECT_FALSE(
      Trickle([](int i) { return SloWatch::Call{.took = milliseconds(i % 100 == 1 ? 80 : 10)}; }));
  EXPECT_FALSE(watch_.missing());
}

TEST_F(SlowTrickleTest, AMissInOneWindowAndNoneInTheNextIsABurst) {
  EXPECT_FALSE(
      Trickle([](int i) { return SloWatch::Call{.took = milliseconds(i % 140 < 40 ? 80 : 10)}; }));
}

TEST_F(SloWatchTest, FewCallsInAMomentSayNothing) {
  for (int i = 0; i < 99; ++i) watch_.Add({milliseconds(80), SandboxCame::kAtOnce});
  EXPECT_FALSE(watch_.Check(now_ + SloWatch::kWindow - milliseconds(1)));
  EXPECT_FALSE(watch_.missing());
}

TEST_F(SloWatchTest, WithoutAnSloOnlyStartingCounts) {
  watch_ = SloWatch({}, now_);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Window(200));
  EXPECT_TRUE(Window(0, 200));
}

TEST_F(SloWatchTest, APoolThatIsOftenExhaustedIsTooSmall) {
  EXPECT_FALSE(Window(0, 20));
  EXPECT_FALSE(Window(0, 20));
  for (int i = 0; i < 100; ++i) watch_.AddElsewhere();
  const auto why = Window(0, 20);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because, "20 of its last 200 calls found no sandbox");
  ASSERT_TRUE(why->overload);
  EXPECT_DOUBLE_EQ(*why->overload, 300.0 / 5) << "with what went elsewhere";
  EXPECT_DOUBLE_EQ(why->carried, 180.0 / 5);
  EXPECT_TRUE(watch_.missing());
  EXPECT_FALSE(Window(0));
  EXPECT_FALSE(watch_.missing());
}

TEST_F(SloWatchTest, MoreFailuresThanTheAvailabilityAllowsAreAReason) {
  watch_ = SloWatch({.availability = 950'000}, now_);
  const auto window = [this](int failed, int unstarted = 0) {
    for (int i = 0; i < 200; ++i) {
      watch_.Add({.sandbox = i < unstarted ? SandboxCame::kNone : SandboxCame::kAtOnce,
                  .failed = i >= 200 - failed});
    }
    now_ += SloWatch::kWindow;
    return watch_.Check(now_);
  };
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(window(16)) << "8 % of 200 may be 5 %";
  EXPECT_FALSE(window(40));
  EXPECT_FALSE(window(40));
  auto why = window(40);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->because, "slo.availability is 95, and 20.0 % of its last 200 calls failed");
  EXPECT_FALSE(why->overload);
  EXPECT_FALSE(window(0));
  EXPECT_FALSE(window(8, 8));
  EXPECT_FALSE(window(0, 9)) << "so many may find none here";
  EXPECT_FALSE(window(0, 9));
}

TEST_F(SloWatchTest, OneFailedOfAHundredIsNotShownToBeMoreThanOneOfAThousand) {
  watch_ = SloWatch({.availability = 999'000}, now_);
  const auto window = [this](int failed) {
    for (int i = 0; i < 100; ++i) watch_.Add({.failed = i < failed});
    now_ += SloWatch::kWindow;
    return watch_.Check(now_).has_value();
  };
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(window(1)) << "in every tenth window by chance";
  EXPECT_FALSE(window(2));
  EXPECT_FALSE(window(2));
  EXPECT_TRUE(window(2));
}

// Calls as bad as they may be: above each bound as many as it allows. At once, or one by one.
TEST_F(SloWatchTest, AWindowThatKeepsEverythingIsSeldomTakenForOneThatMisses) {
  const model::Slo slo{
      .p99 = milliseconds(50), .cold_start = milliseconds(50), .availability = 999'000};
  constexpr int kWindows = 5000;
  std::mt19937 random{20261129};
  const auto one_of = [&](int many) {
    return std::uniform_int_distribution<int>(1, many)(random) == 1;
  };
  for (const bool one_by_one : {false, true}) {
    int missed = 0;
    for (int i = 0; i < kWindows; ++i) {
      SloWatch watch(slo, now_);
      for (std::uint64_t calls = 1; calls <= SloWatch::kEnough; ++calls) {
        watch.Add({.took = milliseconds(one_of(100) ? 80 : 10),
                   .sandbox = one_of(2) ? SandboxCame::kMade : SandboxCame::kAtOnce,
                   .failed = one_of(1000)});
        if (!one_by_one && calls < SloWatch::kEnough) continue;
        now_ += SloWatch::kWindow;
        static_cast<void>(watch.Check(now_));
      }
      missed += watch.missing() ? 1 : 0;
    }
    EXPECT_LT(missed, SloWatch::kRisk * kWindows) << one_by_one;
    EXPECT_GT(missed, 0);
  }
}

TEST_F(SloWatchTest, WhatTheProgramAnswersIsSaidAndIsNoReasonToLeave) {
  watch_ = SloWatch({.availability = 950'000}, now_);
  const auto window = [this](int answered, int crashed) {
    for (int i = 0; i < 200; ++i) {
      watch_.Add({.failed = i < answered + crashed, .program = i < answered});
    }
    now_ += SloWatch::kWindow;
    return watch_.Check(now_);
  };
  EXPECT_FALSE(window(60, 2));
  EXPECT_FALSE(window(60, 2));
  auto why = window(60, 2);
  ASSERT_TRUE(why);
  EXPECT_TRUE(why->program);
  EXPECT_EQ(
      why->because,
      "slo.availability is 95, and 31.0 % of its last 200 calls failed, 60 of them because its "
      "program answered so");
  EXPECT_TRUE(watch_.missing());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(window(60, 40)->program);
  why = window(60, 40);
  ASSERT_TRUE(why);
  EXPECT_FALSE(why->program) << "its sandboxes fail, too";
  EXPECT_EQ(why->because, "slo.availability is 95, and 20.0 % of its last 200 calls failed");
  EXPECT_FALSE(window(0, 0));
  EXPECT_FALSE(watch_.missing());
}

TEST_F(SloWatchTest, CallsThatWaitedForTheirSandboxHaveABoundOfTheirOwn) {
  watch_ = SloWatch({.cold_start = milliseconds(50)}, now_);
  const auto window = [this](int slow) {
    for (int i = 0; i < 200; ++i) watch_.Add({.took = milliseconds(80)});
    for (int i = 0; i < 10; ++i) {
      watch_.Add({.took = milliseconds(i < slow ? 80 : 10), .sandbox = SandboxCame::kMade});
    }
    now_ += SloWatch::kWindow;
    return watch_.Check(now_);
  };
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(window(0));
  EXPECT_FALSE(window(4));
  EXPECT_FALSE(window(4));
  const auto why = window(4);
  ASSERT_TRUE(why);
  EXPECT_EQ(
      why->because,
      "slo.cold_start_ms is 50, and 4 of the last 10 calls that waited for their sandbox took "
      "longer");
}

}  // namespace
}  // namespace strata::scheduler
