// sandbox/call/cpu_watch.h - when a running guest's CPU time has to be read so that its limit is
// noticed within a tick. Reading it means several files of its cgroup; doing that for every guest
// on every tick was a third of a busy keeper's time.
//
// A guest cannot use more than every processor all the time, so it is read again when it could have
// used up what is left, and every tenth tick, for time that this clock does not see.
//
// Threads: none; a value. Tested by sandbox/call/cpu_watch_test.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace strata::sandbox {

class CpuWatch {
 public:
  // `limit`: CPU time from now on. `processors`: on which it may run at once, 1 or more.
  CpuWatch(TimePoint now, Duration limit,
           unsigned processors = std::max(1U, std::thread::hardware_concurrency())) noexcept
      : limit_(limit), processors_(processors) {
    Saw(now, Duration::zero());
  }

  // Once a tick: read it now?
  [[nodiscard]] bool Due(TimePoint now) noexcept { return ++ticks_ >= kTicks || now >= next_; }

  // Notes what was read, used since the beginning. True: the limit is reached.
  bool Saw(TimePoint now, Duration used) noexcept {
    ticks_ = 0;
    // Half of a long limit is soon enough, and far from the end of time.
    next_ = now + (limit_ - used) / (2 * processors_);
    if ((limit_ - used) / processors_ < kNear) next_ = now;
    return used >= limit_;
  }

 private:
  static constexpr int kTicks = 10;
  static constexpr Duration kNear = std::chrono::milliseconds(10);

  const Duration limit_;
  const unsigned processors_;
  TimePoint next_;
  int ticks_ = 0;
};

}  // namespace strata::sandbox
