#include "sandbox/call/cpu_watch.h"

#include <chrono>

#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(CpuWatchTest, IsNotDueBeforeTheLimitCanBeReached) {
  CpuWatch watch(kStart, milliseconds(1000), 2);
  EXPECT_FALSE(watch.Due(kStart + milliseconds(5)));
  EXPECT_TRUE(watch.Due(kStart + milliseconds(400)));  // both processors: 800 ms by now
}

TEST(CpuWatchTest, IsDueOnEveryTickNearTheLimit) {
  CpuWatch watch(kStart, milliseconds(1000), 2);
  EXPECT_FALSE(watch.Saw(kStart + milliseconds(490), milliseconds(985)));
  EXPECT_TRUE(watch.Due(kStart + milliseconds(490)));
  EXPECT_TRUE(watch.Saw(kStart + milliseconds(500), milliseconds(1000)));
}

TEST(CpuWatchTest, IsDueAfterSomeTicksWhateverTheClockSays) {
  CpuWatch watch(kStart, milliseconds(1000), 2);
  int ticks = 1;
  while (!watch.Due(kStart)) ++ticks;
  EXPECT_EQ(ticks, 10);
  watch.Saw(kStart, milliseconds(1));
  EXPECT_FALSE(watch.Due(kStart));
}

TEST(CpuWatchTest, AnEndlessLimitIsNeverReached) {
  CpuWatch watch(kStart, Duration::max(), 1);
  EXPECT_FALSE(watch.Due(kStart + std::chrono::hours(24)));
  EXPECT_FALSE(watch.Saw(kStart + std::chrono::hours(24), std::chrono::hours(24)));
}

TEST(CpuWatchTest, ASmallLimitIsWatchedFromTheFirstTick) {
  CpuWatch watch(kStart, milliseconds(10), 2);
  EXPECT_TRUE(watch.Due(kStart));
}

}  // namespace
}  // namespace strata::sandbox
