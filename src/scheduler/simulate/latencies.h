// scheduler/simulate/latencies.h - how long many calls took, in a fixed 30 KiB: counters whose bins
// are a sixty-fourth of the time that they stand for, so a percentile is right to 1.6 %.
//
// Threads: one. Tested by simulator_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "scheduler/log_bins.h"

namespace strata::scheduler::simulate {

class Latencies {
 public:
  void Add(Duration latency) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max(latency, Duration::zero()).count());
    ++counts_[Bins::BinOf(ns)];
    ++total_;
    sum_ms_ += static_cast<double>(ns) / 1e6;
  }

  // In milliseconds; 0 when there were no calls.
  [[nodiscard]] double Percentile(double share) const noexcept {
    const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t below = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      below += counts_[bin];
      if (below > rank) return static_cast<double>(Bins::EdgeOf(bin)) / 1e6;
    }
    return 0;
  }
  [[nodiscard]] double Mean() const noexcept {
    return total_ == 0 ? 0 : sum_ms_ / static_cast<double>(total_);
  }

 private:
  using Bins = LogBins<6>;
  static constexpr std::size_t kBins = Bins::kBins - Bins::kSub;  // no duration has the last bit

  std::array<std::uint64_t, kBins> counts_{};
  std::uint64_t total_ = 0;
  double sum_ms_ = 0;
};

}  // namespace strata::scheduler::simulate
