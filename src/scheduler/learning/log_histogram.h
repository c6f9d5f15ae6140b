// scheduler/learning/log_histogram.h - how many of each of many numbers there were, in LogBins:
// quantiles in fixed memory, right to one part in 2^kSubBits.
//
//   rollout.h: durations of a canary's calls (us)     simulate/latencies.h: of simulated ones (ns)
//
// Sketch (sketch.h) is for what is merged, saved or fades; this one counts exactly, for as long as
// whoever compares two streams needs them. The number's unit is its user's.
//
// Memory:   8 bytes a bin, (65 - kSubBits) * 2^kSubBits bins, allocated at once; Add takes constant
// time, the others one pass over the bins. Threads: one at a time. Never fails.
// Tested by rollout_test.cc and simulate/simulator_test.cc.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduler/learning/log_bins.h"

namespace strata::scheduler {

template <unsigned kSubBits>
class LogHistogram {
 public:
  LogHistogram() : counts_(Bins::kBins) {}

  // Of any size, in its user's unit.
  void Add(std::uint64_t number) noexcept {
    ++counts_[Bins::BinOf(number)];
    ++count_;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  // The least number of the bin that the quantile is in. `share` from 0 to 1; 0 while there is
  // nothing.
  [[nodiscard]] std::uint64_t Quantile(double share) const noexcept {
    const double rank = std::max(std::ceil(share * static_cast<double>(count_)), 1.0);
    std::uint64_t seen = 0;
    for (std::size_t bin = 0; bin < counts_.size(); ++bin) {
      seen += counts_[bin];
      if (static_cast<double>(seen) >= rank) return Bins::EdgeOf(bin);
    }
    return 0;
  }
  // How many lie in bins above that of `number`.
  [[nodiscard]] std::uint64_t Above(std::uint64_t number) const noexcept {
    std::uint64_t above = 0;
    for (std::size_t bin = Bins::BinOf(number) + 1; bin < counts_.size(); ++bin) {
      above += counts_[bin];
    }
    return above;
  }

 private:
  using Bins = LogBins<kSubBits>;
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
};

}  // namespace strata::scheduler
