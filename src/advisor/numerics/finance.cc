#include "advisor/numerics/finance.h"

#include <cmath>
#include <cstdint>
#include <optional>

#include <boost/math/tools/roots.hpp>

namespace strata::advisor::numerics {
namespace {

constexpr int kBits = 50;  // of the root's 53: more than any claim has
constexpr std::uintmax_t kMostSteps = 200;

// The logarithm of AnnuityFactor, which overflows where much of it comes late at a rate below 0.
double LogAnnuityFactor(double rate, double years) {
  if (rate == 0) return std::log(years);
  const double growth = years * std::log1p(rate);
  return std::log(-std::expm1(-std::fabs(growth)) / std::fabs(rate)) - std::fmin(growth, 0);
}

}  // namespace

double AnnuityFactor(double rate, double years) {
  return rate == 0 ? years : -std::expm1(-years * std::log1p(rate)) / rate;
}

std::optional<double> InternalRate(double investment, double flow, double years) {
  if (!(investment > 0 && flow > 0)) return std::nullopt;
  // The first flow alone is worth less than all, and the flows of all years to come are worth more.
  const double most = flow / investment;
  const double least = most - 1;
  if (!std::isfinite(most) || least == -1) return std::nullopt;
  if (years == 1) return least;
  const double sought = -std::log(most);
  const auto excess = [=](double rate) { return LogAnnuityFactor(rate, years) - sought; };
  const double at_least = excess(least);
  const double at_most = excess(most);
  if (at_least <= 0) return least;  // but for rounding
  if (at_most >= 0) return most;
  std::uintmax_t steps = kMostSteps;
  const auto [from, to] =
      boost::math::tools::toms748_solve(excess, least, most, at_least, at_most,
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
