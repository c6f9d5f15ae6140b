#include "scheduler/scaling/keep_alive.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint kStart{hours(1)};
constexpr Terms kTerms{.wait = hours(1), .creation = seconds(1)};

// One sandbox's revision that is called once in each of the idle times that it is given.
class Caller {
 public:
  Window Idle(Duration idle, const Terms& terms = kTerms) {
    now_ += idle;
    keep_alive_.OnBegin(1, now_);
    now_ += milliseconds(10);
    window_ = keep_alive_.OnEnd(0, now_, terms);
    return window_;
  }
  [[nodiscard]] const Window& window() const { return window_; }

 private:
  KeepAlive keep_alive_;
  TimePoint now_ = kStart;
  Window window_;
};

bool Warm(const Window& window, Duration idle) {
  return window.from <= idle && idle < window.until;
}

TEST(KeepAliveTest, WhileLittleIsKnownTheStandardHoldsUnlessItIsWorthLess) {
  Caller caller;
  EXPECT_EQ(caller.Idle(seconds(5)), (Window{{}, minutes(10)}));
  Caller cheap;
  EXPECT_EQ(cheap.Idle(seconds(5), {.wait = seconds(2), .creation = seconds(1)}),
            (Window{{}, seconds(3)}));
}

TEST(KeepAliveTest, ARevisionThatIsCalledOftenStaysWarmNoLongerThanItNeeds) {
  Caller caller;
  for (int i = 0; i < 50; ++i) caller.Idle(seconds(20 + i % 5));
  EXPECT_TRUE(Warm(caller.window(), seconds(20)));
  EXPECT_TRUE(Warm(caller.window(), seconds(24)));
  EXPECT_LT(caller.window().until, seconds(40));
}

TEST(KeepAliveTest, ATimerIsWarmOnlyWhenItIsDue) {
  Caller caller;
  for (int i = 0; i < 30; ++i) caller.Idle(minutes(60) + milliseconds(100 * (i % 10)));
  EXPECT_GT(caller.window().from, minutes(50));
  EXPECT_TRUE(Warm(caller.window(), minutes(60)));
  EXPECT_LT(caller.window().until, minutes(75));
}

TEST(KeepAliveTest, WhatIsCalledTooSeldomIsNotKept) {
  Caller caller;
  SeededRandom random(5);
  for (int i = 0; i < 60; ++i) {
    caller.Idle(minutes(30 + random.Below(200)), {.wait = minutes(5), .creation = seconds(1)});
  }
  EXPECT_EQ(caller.window().until, caller.window().from);
}

TEST(KeepAliveTest, BeyondTheRangeNothingIsKept) {
  Caller caller;
  for (int i = 0; i < 10; ++i) caller.Idle(hours(20));
  EXPECT_EQ(caller.window(), Window());
}

TEST(KeepAliveTest, BurstsAreKeptThroughAndNotBeyond) {
  Caller caller;
  for (int i = 0; i < 200; ++i) {
    caller.Idle(i % 10 == 0 ? Duration(hours(2)) : Duration(seconds(1)),
                {.wait = minutes(2), .creation = seconds(1)});
  }
  EXPECT_TRUE(Warm(caller.window(), seconds(1)));
  EXPECT_LT(caller.window().until, seconds(10));
}

TEST(KeepAliveTest, AChangedRhythmReplacesTheOldOne) {
  Caller caller;
  for (int i = 0; i < 200; ++i) caller.Idle(minutes(60));
  for (int i = 0; i < 2000; ++i) caller.Idle(seconds(30));
  EXPECT_TRUE(Warm(caller.window(), seconds(30)));
}

TEST(KeepAliveTest, ASecondSandboxHasIdleTimesOfItsOwn) {
  KeepAlive keep_alive;
  TimePoint now = kStart;
  Window first;
  Window second;
  for (int i = 0; i < 50; ++i) {
    keep_alive.OnBegin(1, now);
    keep_alive.OnBegin(2, now + seconds(1));
    second = keep_alive.OnEnd(1, now + seconds(2), kTerms);
    first = keep_alive.OnEnd(0, now + seconds(39), kTerms);
    now += seconds(40);
  }
  EXPECT_TRUE(Warm(first, seconds(1)));
  EXPECT_LT(first.until, seconds(5));
  EXPECT_TRUE(Warm(second, seconds(39)));
}

TEST(KeepAliveTest, SandboxesFarBesideTheFirstAreKeptByWhatIsSeenNearThem) {
  KeepAlive keep_alive;
  TimePoint now = kStart;
  Window deepest;
  for (int i = 0; i < 50; ++i) {
    for (std::uint32_t level = 1; level <= 300; ++level) keep_alive.OnBegin(level, now);
    deepest = keep_alive.OnEnd(299, now + seconds(1), kTerms);
    for (std::uint32_t others = 299; others > 0; --others) {
      static_cast<void>(keep_alive.OnEnd(others - 1, now + seconds(1), kTerms));
    }
    now += minutes(20);
  }
  EXPECT_TRUE(Warm(deepest, minutes(20)));
  EXPECT_EQ(deepest.from, Duration::zero());
}

// Whatever comes: a window is one, bounded, and the same for the same calls.
TEST(KeepAliveTest, PropertiesHoldForAnyCalls) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    const Terms terms{.wait = Duration(random.Below(4'000'000'000'000)),
                      .creation = Duration(random.Below(60'000'000'000)),
                      .standard = minutes(1 + random.Below(30))};
    KeepAlive first;
    KeepAlive second;
    TimePoint now = kStart;
    std::uint32_t running = 0;
    for (int i = 0; i < 300; ++i) {
      now += Duration(random.Below(1ULL << random.Below(46)));
      if (running > 0 && random.Below(2) == 0) {
        --running;
        const Window window = first.OnEnd(running, now, terms);
        ASSERT_EQ(window, second.OnEnd(running, now, terms));
        ASSERT_LE(Duration::zero(), window.from);
        ASSERT_LE(window.from, window.until);
        ASSERT_LE(window.until, std::max<Duration>(terms.standard, seconds(16'384)));
      } else {
        ++running;
        first.OnBegin(running, now);
        second.OnBegin(running, now);
      }
    }
  }
}

// More for an avoided wait never shortens what is kept of a revision without a rhythm.
TEST(KeepAliveTest, WorthMoreNeverKeepsShorter) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Duration last{};
    for (const Duration wait : {Duration(seconds(1)), Duration(minutes(1)), Duration(hours(1))}) {
      SeededRandom random(seed);
      Caller caller;
      for (int i = 0; i < 100; ++i) {
        caller.Idle(Duration(random.Below(1ULL << (30 + random.Below(14)))),
                    {.wait = wait, .creation = seconds(1)});
      }
      ASSERT_LE(last, caller.window().until);
      last = caller.window().until;
    }
  }
}

}  // namespace
}  // namespace strata::scheduler
