#include "advisor/numerics/order.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <ranges>

#include <boost/math/distributions/binomial.hpp>

#include "advisor/numerics/chance.h"
#include "base/check.h"

namespace strata::advisor::numerics {
namespace {

// The highest rank, from 1, that fewer than so many of `count` samples lie below `share` with at
// most `tail`; 0: none is.
std::size_t LowRank(std::size_t count, double share, double tail) {
  const boost::math::binomial_distribution<> below(static_cast<double>(count), share);
  const auto ranks = std::views::iota(std::size_t{0}, count);
  const auto first = std::ranges::partition_point(ranks, [&](std::size_t rank) {
    return boost::math::cdf(below, static_cast<double>(rank)) <= tail;
  });
  return static_cast<std::size_t>(first - ranks.begin());
}

}  // namespace

Interval QuantileInterval(std::span<const double> sorted, double share, double confidence) {
  STRATA_CHECK(!sorted.empty() && share > 0 && share < 1);
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const double tail = (1 - confidence) / 2;
  const std::size_t low = LowRank(sorted.size(), share, tail);
  const std::size_t high = LowRank(sorted.size(), 1 - share, tail);  // from above
  return {.low = low == 0 ? -kInfinite : sorted[low - 1],
          .high = high == 0 ? kInfinite : sorted[sorted.size() - high]};
}

std::uint64_t SamplesToBound(double share, double confidence) {
  return static_cast<std::uint64_t>(
      TrialsToShow(std::max(share, 1 - share), 1 - (1 - confidence) / 2));
}

}  // namespace strata::advisor::numerics
