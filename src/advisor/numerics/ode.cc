#include "advisor/numerics/ode.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
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
constexpr double kMostState = 1e12;                // no share and no count comes near
constexpr std::size_t kMostEvaluations = 200'000;  // some hundred times what a model takes

}  // namespace

Result<std::vector<State>> Integrate(const Derivative& derivative, State start,
                                     std::span<const double> times) {
  STRATA_CHECK(!times.empty() && std::ranges::is_sorted(times));
  std::vector<State> states;
  states.reserve(times.size());
  if (times.front() == times.back()) return std::vector<State>(times.size(), start);
  std::size_t evaluations = 0;
  const auto system = [&](const State& state, State& rate, double t) {
    const bool bounded =
        std::ranges::all_of(state, [](double each) { return std::abs(each) < kMostState; });
    if (!bounded || ++evaluations > kMostEvaluations) throw std::overflow_error("no bound");
    derivative(state, rate, t);
  };
  const double first_step = (times.back() - times.front()) / 100;
  try {
    odeint::integrate_times(
        odeint::make_dense_output(kTolerance, kTolerance, odeint::runge_kutta_dopri5<State>()),
        system, start, times.begin(), times.end(), first_step,
        [&states](const State& state, double) { states.push_back(state); });
  } catch (const std::runtime_error&) {  // ours, or a step that became too small
    return Fail(Errc::kInvalidArgument,
                "the equations grow without bound: change a rate or the time");
  }
  return states;
}

}  // namespace strata::advisor::numerics
