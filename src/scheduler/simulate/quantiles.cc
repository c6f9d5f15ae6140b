#include "scheduler/simulate/quantiles.h"

#include <cmath>

namespace strata::scheduler::simulate {
namespace {

constexpr double kTail = 0.02425;  // below it, and above 1 - it, the other fraction is used

double Tail(double u) {
  const double q = std::sqrt(-2 * std::log(u));
  const double above =
      ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
        2.549732539343734e+00) *
           q +
       4.374664141464968e+00) *
          q +
      2.938163982698783e+00;
  const double below =
      (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
       3.754408661907416e+00) *
          q +
      1;
  return above / below;
}

double Middle(double u) {
  const double q = u - 0.5;
  const double r = q * q;
  const double above =
      ((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
        1.383577518672690e+02) *
           r -
       3.066479806614716e+01) *
          r +
      2.506628277459239e+00;
  const double below =
      ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
        6.680131188771972e+01) *
           r -
       1.328068155288572e+01) *
          r +
      1;
  return q * above / below;
}

}  // namespace

double Uniform(Random& random) noexcept {
  constexpr double kStep = 1.0 / (1ULL << 52);  // with one bit more the last would round to 1
  return (static_cast<double>(random.Next() >> 12) + 0.5) * kStep;
}

double NormalQuantile(double u) noexcept {
  if (u < kTail) return Tail(u);
  if (u > 1 - kTail) return -Tail(1 - u);
  return Middle(u);
}

double BurrQuantile(double u, double c, double k, double lambda) noexcept {
  return lambda * std::pow(std::pow(1 - u, -1 / k) - 1, 1 / c);
}

}  // namespace strata::scheduler::simulate
