#include "advisor/numerics/finance.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include <boost/math/tools/roots.hpp>

namespace strata::advisor::numerics {
namespace {

constexpr double kLeastRate = -0.9999;
constexpr double kMostRate = 1e6;
constexpr int kBits = 50;  // of the root's 53: more than any claim has
constexpr std::uintmax_t kMostSteps = 200;

int SignChanges(std::span<const double> flows) {
  int changes = 0;
  double last = 0;
  for (const double flow : flows) {
    if (flow == 0) continue;
    if (last != 0 && (flow < 0) != (last < 0)) ++changes;
    last = flow;
  }
  return changes;
}

}  // namespace

double PresentValue(double rate, std::span<const double> flows) {
  double value = 0;
  double factor = 1;
  for (const double flow : flows) {
    value += flow * factor;
    factor /= 1 + rate;
  }
  return value;
}

double AnnuityFactor(double rate, double years) {
  return rate == 0 ? years : -std::expm1(-years * std::log1p(rate)) / rate;
}

std::optional<double> InternalRate(std::span<const double> flows) {
  if (SignChanges(flows) != 1) return std::nullopt;
  const auto value = [flows](double rate) { return PresentValue(rate, flows); };
  const double low = value(kLeastRate);
  const double high = value(kMostRate);
  if (!std::isfinite(low) || (low < 0) == (high < 0)) return std::nullopt;
  std::uintmax_t steps = kMostSteps;
  const auto [from, to] =
      boost::math::tools::toms748_solve(value, kLeastRate, kMostRate, low, high,
                                        boost::math::tools::eps_tolerance<double>(kBits), steps);
  return from + (to - from) / 2;
}

std::optional<double> PaybackYears(double investment, double flow, double rate) {
  if (investment <= 0) return 0;
  if (flow <= 0) return std::nullopt;
  if (rate == 0) return investment / flow;
  const double left = 1 - investment * rate / flow;  // of the flow's value, after the payback
  if (left <= 0) return std::nullopt;
  return -std::log(left) / std::log1p(rate);
}

}  // namespace strata::advisor::numerics
