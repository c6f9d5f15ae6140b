// advisor/numerics/ode.h - ordinary differential equations by Boost.Odeint (Dormand-Prince 5(4),
// adaptive steps, dense output).
//
//   models/formulas/evolution.cc: a Derivative --> [ Integrate ] --> states at the years
//
// Bounded: parameters that a person sets may make an equation stiff or its state grow for ever.
//
// Threads:  pure, thread-safe. Errors: as stated. Tested by ode_test.cc against closed forms and,
//           against SciPy, by tests/advisor/models_test.py.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace strata::advisor::numerics {

using State = std::vector<double>;
// Sets `rate`, as long as `state`, to the state's derivative at time `t`.
using Derivative = std::function<void(const State& state, State& rate, double t)>;

// The states at `times` (growing, at least one), from `start` at the first of them. The error of a
// step is kept below 1e-9, of large states below 1e-9 of them. Adds to `evaluations` how often the
// derivative was asked for, also where this fails.
// kInvalidArgument: the state grows without bound before the last of them, or changes so fast that
// it would be asked for more than 50,000 times.
Result<std::vector<State>> Integrate(const Derivative& derivative, State start,
                                     std::span<const double> times, std::uint64_t& evaluations);

}  // namespace strata::advisor::numerics
