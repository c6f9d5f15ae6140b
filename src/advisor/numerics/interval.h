// advisor/numerics/interval.h - a confidence interval whose ends may be open.
//
// An end that they do not tell is infinite: so what is compared with it is never taken for decided.
//
// Threads: a value.
#pragma once

#include <cmath>

namespace strata::advisor::numerics {

struct Interval {
  double low = 0;
  double high = 0;
  [[nodiscard]] bool Contains(double value) const noexcept { return low <= value && value <= high; }
  [[nodiscard]] bool bounded() const noexcept { return std::isfinite(low) && std::isfinite(high); }
};

}  // namespace strata::advisor::numerics
