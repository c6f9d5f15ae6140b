// base/clock.h - the one clock, injected everywhere so that tests own time.
//
// Monotonic time (Now) is for deadlines and durations; wall time (WallNow) only for what people and
// other systems read: it may jump. Times are nanoseconds; a TimePoint means nothing to another
// boot, so what is stored or sent is a duration or wall time.
//
// Threads:  any; ManualClock: one. Lifetime: a Clock outlives whoever was given it. Never fails.
#pragma once

#include <chrono>

namespace strata {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic; since an unknown begin, which is the same for all processes until the next boot.
  [[nodiscard]] virtual TimePoint Now() const noexcept = 0;
  // Since the Unix epoch, UTC.
  [[nodiscard]] virtual WallTime WallNow() const noexcept = 0;
};

// The kernel's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const noexcept override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime WallNow() const noexcept override {
    return std::chrono::system_clock::now();
  }
};

// A clock that stands still until a test moves it. Not thread-safe. Begins an hour after its
// monotonic zero, so that a TimePoint{} is long ago.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const noexcept override { return now_; }
  [[nodiscard]] WallTime WallNow() const noexcept override { return wall_; }
  void Advance(Duration by) {
    now_ += by;
    wall_ += by;
  }

 private:
  TimePoint now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 50)};
};

}  // namespace strata
