// base/quantile.h - the one way in which a quantile of samples is taken, so that two that speak of
// the same samples say the same number.
//
// Threads: pure. Tested by quantile_test.cc.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "base/check.h"

namespace strata {

inline std::vector<double> Sorted(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  return sorted;
}

// The value below which `share` (0 to 1) of sorted values lie, interpolated between its neighbours
// (type 7 of Hyndman and Fan 1996). At least one value.
inline double Quantile(std::span<const double> sorted, double share) {
  STRATA_CHECK(!sorted.empty());
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

}  // namespace strata
