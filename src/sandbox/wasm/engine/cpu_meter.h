// sandbox/wasm/engine/cpu_meter.h - how much CPU a guest's time slice took.
//
// Reading the thread's CPU clock is a system call: 0.6-0.7 us where the monotonic clock costs 0.03
// us and a whole sandbox lives 7 us (measured on a virtual machine with a TSC clock source). So a
// slice is timed with the monotonic clock, and only a slice long enough to hide that this thread
// was not running reads the CPU clock too: it is charged at most what the thread used since the
// last mark. The pulse marks every millisecond, so a long slice can be overcharged by one turn of
// the loop, a short one by a preemption of at most kShort inside it; none is undercharged.
//
// These are the kernel's clocks, not the injected one: CPU time is a measurement, nothing waits on
// it. Threads: one meter per loop, used on it only. Tested by
// sandbox/wasm/engine/cpu_meter_test.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace strata::sandbox::wasm {

class CpuMeter {
 public:
  // Remembers what the thread has used so far.
  void Mark() noexcept { marked_ = ThreadCpu(); }

  void Start() noexcept { start_ = std::chrono::steady_clock::now(); }

  // CPU time since Start.
  std::chrono::nanoseconds Stop() noexcept {
    const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start_;
    if (elapsed < kShort) return elapsed;
    const auto before = std::exchange(marked_, ThreadCpu());
    return std::min(elapsed, marked_ - before);
  }

 private:
  static constexpr std::chrono::microseconds kShort{200};

  static std::chrono::nanoseconds ThreadCpu() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

  std::chrono::steady_clock::time_point start_;
  std::chrono::nanoseconds marked_{0};
};

}  // namespace strata::sandbox::wasm
