// advisor/numerics/finance.h - what money that comes later is worth. Years are whole, flows come at
// their ends; rates are a year's (0.1 = 10 %). Pure, thread-safe. Tested by finance_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace strata::advisor::numerics {

// The value now of `flows`, of which flows[t] comes after t years. `rate` > -1.
double PresentValue(double rate, std::span<const double> flows);

// What 1 at the end of each of `years` years is worth now.
double AnnuityFactor(double rate, double years);

// The rate at which PresentValue is 0. Nothing: `flows` do not change their sign exactly once (then
// there is none, or several), or it is not between -99.99 % and a million.
std::optional<double> InternalRate(std::span<const double> flows);

// After how many years `flow` a year has paid `investment` back, each discounted at `rate` (0: as
// it is). Nothing: never.
std::optional<double> PaybackYears(double investment, double flow, double rate);

}  // namespace strata::advisor::numerics
