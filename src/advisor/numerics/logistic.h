// advisor/numerics/logistic.h - growth towards a cap in closed form: dP/dt = rate * P * (1 -
// P/cap). `growth` is the rate times the time (of a rate that changes: its integral).
//
// Where a model has it, it need not be integrated (ode.h), which the tests compare.
//
// Threads:  pure. Errors: NaN, as stated. Tested by ode_test.cc.
#pragma once

#include <cmath>
#include <limits>

namespace strata::advisor::numerics {

// P after `growth`, from `start`; both above 0. NaN: from above the cap it has grown (its rate is
// negative) without bound.
inline double Logistic(double start, double cap, double growth) {
  const double divisor = 1 + (cap / start - 1) * std::exp(-growth);
  return divisor > 0 ? cap / divisor : std::numeric_limits<double>::quiet_NaN();
}

// The growth that leads from `start` to `reach`; NaN when the cap is between them.
inline double LogisticGrowth(double start, double cap, double reach) {
  return std::log((cap / start - 1) / (cap / reach - 1));
}

// The start from which `growth` leads to `reach`.
inline double LogisticStart(double reach, double cap, double growth) {
  return Logistic(reach, cap, -growth);
}

}  // namespace strata::advisor::numerics
