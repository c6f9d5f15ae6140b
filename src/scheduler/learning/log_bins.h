// scheduler/learning/log_bins.h - bins for numbers of any size, whose widths grow with them: each
// doubling has 2^kSubBits bins, and below 2^kSubBits each number has its own. So a number is known
// to one part in 2^kSubBits.
//
// Only the arithmetic: whoever counts has the counters (log_histogram.h, keep_alive.h). Pure and
// constexpr; every number has a bin. Tested by keep_alive_test.cc and simulate/simulator_test.cc.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace strata::scheduler {

template <unsigned kSubBits>
struct LogBins {
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBins = (64 - kSubBits + 1) * kSub;  // for every number

  static constexpr std::size_t BinOf(std::uint64_t number) noexcept {
    if (number < kSub) return number;
    const auto octave = static_cast<std::size_t>(std::bit_width(number)) - 1 - kSubBits;
    return (octave + 1) * kSub + ((number >> octave) & (kSub - 1));
  }
  // The least number in the bin.
  static constexpr std::uint64_t EdgeOf(std::size_t bin) noexcept {
    if (bin < kSub) return bin;
    return static_cast<std::uint64_t>(kSub + bin % kSub) << (bin / kSub - 1);
  }
};

}  // namespace strata::scheduler
