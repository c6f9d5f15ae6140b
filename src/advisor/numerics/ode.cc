#include "advisor/numerics/ode.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <boost/numeric/odeint/integrate/integrate_times.hpp>
#include <boost/numeric/odeint/stepper/generation.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>

#include "base/check.h"
#include "base/result.h"

namespace strata::advisor::numerics {
namespace {

namespace odeint = boost::numeric::odeint;

constexpr double kTolerance = 1e-9;
constexpr double kMostState = 1e12;                 // no share and no count comes near
constexpr std::uint64_t kMostEvaluations = 50'000;  // a hundred times what a model takes

double Largest(const State& state) {
  double largest = 0;
  for (const double each : state) largest = std::max(largest, std::fabs(each));
  return largest;
}

// Short beside what the state takes to change; what follows is up to the error.
double FirstStep(const Derivative& derivative, const State& start, double from, double to) {
  State rate(start.size());
  derivative(start, rate, from);
  const double whole = (to - from) / 100;
  const double fastest = Largest(rate);
  return fastest > 0 ? std::min(whole, std::max(Largest(start), kTolerance) / (100 * fastest))
                     : whole;
}

}  // namespace

Result<std::vector<State>> Integrate(const Derivative& derivative, State start,
                                     std::span<const double> times, std::uint64_t& evaluations) {
  STRATA_CHECK(!times.empty() && std::ranges::is_sorted(times));
  std::vector<State> states;
  states.reserve(times.size());
  if (times.front() == times.back()) return std::vector<State>(times.size(), start);
  std::uint64_t asked = 1;  // for the first step
  const auto system = [&](const State& state, State& rate, double t) {
    const bool bounded =
        std::ranges::all_of(state, [](double each) { return std::fabs(each) < kMostState; });
    if (!bounded || ++asked > kMostEvaluations) throw std::overflow_error("no bound");
    derivative(state, rate, t);
  };
  const double first_step = FirstStep(derivative, start, times.front(), times.back());
  try {
    odeint::integrate_times(
        odeint::make_dense_output(kTolerance, kTolerance, odeint::runge_kutta_dopri5<State>()),
        system, start, times.begin(), times.end(), first_step,
        [&states](const State& state, double) { states.push_back(state); });
  } catch (const std::runtime_error&) {  // ours, or a step that became too small
    evaluations += asked;
    return Fail(Errc::kInvalidArgument,
                "the equations grow without bound: change a rate or the time");
  }
  evaluations += asked;
  return states;
}

}  // namespace strata::advisor::numerics
