// scheduler/simulate/latencies.h - how long many calls took, in a fixed 30 KiB; a percentile is
// right to 1.6 %, the mean is exact.
//
// Three of them are in each Outcome (simulator.h), filled call by call. A negative duration counts
// as none.
//
// Threads:  one at a time. Never fails. Tested by simulator_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "scheduler/learning/log_histogram.h"

namespace strata::scheduler::simulate {

class Latencies {
 public:
  void Add(Duration latency) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max(latency, Duration::zero()).count());
    counts_.Add(ns);
    sum_ms_ += static_cast<double>(ns) / 1e6;
  }

  // In milliseconds; 0 when there were no calls. `share` from 0 to 1: 0.99 for the p99.
  [[nodiscard]] double Percentile(double share) const noexcept {
    return static_cast<double>(counts_.Quantile(share)) / 1e6;
  }
  [[nodiscard]] double Mean() const noexcept {
    return counts_.count() == 0 ? 0 : sum_ms_ / static_cast<double>(counts_.count());
  }
  [[nodiscard]] double sum_ms() const noexcept { return sum_ms_; }

 private:
  LogHistogram<6> counts_;  // ns
  double sum_ms_ = 0;
};

}  // namespace strata::scheduler::simulate
