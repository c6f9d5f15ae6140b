#include "sandbox/wasm/engine/cpu_meter.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace strata::sandbox::wasm {
namespace {

using std::chrono::milliseconds;

TEST(CpuMeterTest, ALongSliceIsChargedForWhatTheThreadUsed) {
  CpuMeter meter;
  meter.Mark();
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  meter.Start();
  const auto before = used();
  while (used() - before < milliseconds(3)) {
  }
  EXPECT_GE(meter.Stop(), milliseconds(3));
}

TEST(CpuMeterTest, TimeThatTheThreadDidNotRunIsNotCharged) {
  CpuMeter meter;
  meter.Mark();
  meter.Start();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LT(meter.Stop(), milliseconds(50));
}

}  // namespace
}  // namespace strata::sandbox::wasm
