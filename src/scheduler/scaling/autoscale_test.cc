#include "scheduler/scaling/autoscale.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint kStart{hours(1)};

// A service whose replicas are ready as soon as they are asked for, looked at every second.
class Scaled {
 public:
  explicit Scaled(const model::Scale& scale) : scaler_(scale, kStart) {}

  // `requests` at once for that long; what there is in the end.
  std::uint32_t Load(double requests, Duration time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += seconds(1)) Look(requests);
    return replicas();
  }

  void Look(double requests) {
    if (requests > 0 || busy_) idle_since_ = now_;
    busy_ = requests > 0;
    scaler_.Observe({.requests = requests, .idle_since = idle_since_}, now_);
    const std::uint32_t before = replicas();
    last_ = scaler_.Decide(before, now_);
    if (last_.replicas != before) ++changes_;
    most_ = std::max(most_, last_.replicas);
  }

  [[nodiscard]] std::uint32_t replicas() const { return last_.replicas; }
  [[nodiscard]] std::uint32_t most() const { return most_; }
  [[nodiscard]] std::uint32_t changes() const { return changes_; }
  [[nodiscard]] const Scaling& last() const { return last_; }
  Autoscaler& scaler() { return scaler_; }
  [[nodiscard]] TimePoint now() const { return now_; }

 private:
  Autoscaler scaler_;
  TimePoint now_ = kStart;
  TimePoint idle_since_ = kStart;
  bool busy_ = false;
  Scaling last_;
  std::uint32_t most_ = 0;
  std::uint32_t changes_ = 0;
};

model::Scale Of(std::uint32_t min, std::uint32_t max, std::uint32_t concurrency,
                std::optional<milliseconds> keep_alive = seconds(30)) {
  return {.min = min, .max = max, .concurrency = concurrency, .keep_alive = keep_alive};
}

TEST(AutoscaleTest, WhatWasNeverAskedForHasNothing) {
  Scaled service(Of(0, 10, 50));
  EXPECT_EQ(service.Load(0, seconds(5)), 0U);
  EXPECT_EQ(service.last().until, TimePoint::max());
}

TEST(AutoscaleTest, WhatWasStartedToBeSeenGoesAfterItsKeepAlive) {
  Scaled service(Of(0, 10, 50));
  service.scaler().Started(service.now());
  EXPECT_EQ(service.Load(0, seconds(30)), 1U);
  EXPECT_EQ(service.Load(0, seconds(1)), 0U);
}

TEST(AutoscaleTest, ARequestThatWaitsBringsOneAtOnce) {
  Scaled service(Of(0, 10, 50));
  service.Load(0, minutes(10));
  service.Look(1);
  EXPECT_EQ(service.replicas(), 1U);
}

TEST(AutoscaleTest, ManyThatWaitBringAsManyAsTheyNeedAtOnce) {
  Scaled service(Of(0, 10, 50));
  service.Load(0, minutes(10));
  service.Look(151);
  EXPECT_EQ(service.replicas(), 4U);
}

TEST(AutoscaleTest, TheLastOneStaysForItsKeepAlive) {
  Scaled service(Of(0, 10, 50));
  service.Load(3, seconds(10));
  EXPECT_EQ(service.Load(0, seconds(30)), 1U);
  EXPECT_EQ(service.last().until, service.now());
  EXPECT_EQ(service.Load(0, seconds(1)), 0U);
  EXPECT_EQ(service.last().why, "idle for 30 s");
}

TEST(AutoscaleTest, AnHourOfLoadThatIsTheSameChangesNothing) {
  for (const double requests : {0.001, 1.0, 49.9, 50.0, 100.0, 333.0, 10'000.0}) {
    Scaled service(Of(0, 10, 50));
    service.Load(requests, hours(1));
    EXPECT_EQ(service.changes(), 1U) << requests;
  }
}

TEST(AutoscaleTest, ABurstIsMetWithinThePanicWindow) {
  Scaled service(Of(1, 20, 10, std::nullopt));
  service.Load(8, minutes(5));
  EXPECT_EQ(service.replicas(), 1U);
  EXPECT_EQ(service.Load(100, service.scaler().panic_window() + seconds(1)), 10U);
}

TEST(AutoscaleTest, NothingGoesUntilAStableWindowAfterABurst) {
  Scaled service(Of(1, 20, 10, std::nullopt));
  service.Load(5, minutes(2));
  service.Load(100, seconds(10));
  const std::uint32_t most = service.replicas();
  EXPECT_EQ(service.Load(5, seconds(50)), most);
  EXPECT_EQ(service.Load(5, seconds(120)), 1U);
}

TEST(AutoscaleTest, LessToDoIsBelievedAfterTheDelay) {
  Scaled service(Of(0, 20, 10, std::nullopt));
  service.Load(40, minutes(10));
  ASSERT_EQ(service.replicas(), 4U);
  // The mean of the stable window is below 30 after 15 s; then the delay begins.
  EXPECT_EQ(service.Load(1, seconds(44)), 4U);
  EXPECT_LT(service.Load(1, seconds(4)), 4U);
}

TEST(AutoscaleTest, AShortKeepAliveMakesTheWindowsShort) {
  EXPECT_EQ(Scaled(Of(0, 1, 1, seconds(1))).scaler().stable_window(), seconds(6));
  EXPECT_EQ(Scaled(Of(0, 1, 1, seconds(20))).scaler().stable_window(), seconds(20));
  EXPECT_EQ(Scaled(Of(0, 1, 1, hours(1))).scaler().stable_window(), seconds(60));
  EXPECT_EQ(Scaled(Of(0, 1, 1, std::nullopt)).scaler().stable_window(), seconds(60));
}

// Called for two seconds every `pause`.
void CallEvery(Scaled& service, Duration pause, int times) {
  for (int i = 0; i < times; ++i) {
    service.Load(1, seconds(2));
    service.Load(0, pause);
  }
}

TEST(AutoscaleTest, WhatIsCalledEveryMinuteIsKept) {
  Scaled service(Of(0, 10, 50, std::nullopt));
  CallEvery(service, minutes(1), 20);
  EXPECT_EQ(service.changes(), 1U);
}

TEST(AutoscaleTest, WhatIsCalledOnceAnHourIsThereBeforeItsCall) {
  Scaled service(Of(0, 10, 50, std::nullopt));
  CallEvery(service, hours(1), 20);
  EXPECT_EQ(service.replicas(), 1U);  // made before the next
  service.Load(1, seconds(2));
  EXPECT_EQ(service.Load(0, minutes(30)), 0U);
}

// Any load: never above max, never below min, and what lasts is met.
TEST(AutoscaleTest, AnyLoadKeepsTheBoundsAndIsMet) {
  SeededRandom random(7);
  for (int run = 0; run < 200; ++run) {
    const auto draw = [&](std::uint64_t below) {
      return static_cast<std::uint32_t>(random.Next() % below);
    };
    const std::uint32_t max = 1 + draw(20);
    const std::uint32_t min = draw(max + 1);
    const std::uint32_t concurrency = 1 + draw(100);
    const auto keep_alive =
        draw(2) == 0 ? std::optional<milliseconds>(seconds(1 + draw(100))) : std::nullopt;
    Scaled service(Of(min, max, concurrency, keep_alive));
    for (int phase = 0; phase < 10; ++phase) {
      const double requests = draw(4) == 0 ? 0 : draw(3000) / 10.0;
      for (int second = 0; second < 90; ++second) {
        service.Load(requests, seconds(1));
        ASSERT_GE(service.replicas(), min);
        ASSERT_LE(service.replicas(), max);
        ASSERT_GE(service.replicas(), requests > 0 ? 1U : 0U);
      }
      const auto needed = static_cast<std::uint32_t>(std::ceil(requests / concurrency));
      ASSERT_GE(service.replicas(), std::min(needed, max)) << run << " " << phase;
    }
  }
}

}  // namespace
}  // namespace strata::scheduler
