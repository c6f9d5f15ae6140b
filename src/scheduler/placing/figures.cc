#include "scheduler/placing/figures.h"

#include <algorithm>
#include <cmath>

namespace strata::scheduler {
namespace {

constexpr double kZ = 1.96;  // of a normal distribution, 95 % within

// The middle and half the width of Wilson's interval.
struct Interval {
  double middle;
  double half;
};

Interval Wilson(double rate, double calls) {
  const double z2 = kZ * kZ;
  const double scale = 1 + z2 / calls;
  const double spread = rate * (1 - rate) / calls + z2 / (4 * calls * calls);
  return {(rate + z2 / (2 * calls)) / scale, kZ * std::sqrt(std::max(spread, 0.0)) / scale};
}

}  // namespace

double FailureRate::Least() const noexcept {
  if (calls < 1) return 0;
  const Interval found = Wilson(rate, calls);
  return std::max(found.middle - found.half, 0.0);
}

double FailureRate::Most() const noexcept {
  if (calls < 1) return 1;
  const Interval found = Wilson(rate, calls);
  return std::min(found.middle + found.half, 1.0);
}

}  // namespace strata::scheduler
