// advisor/models/units.h - the units that parameters have, and turning one into another.
//
//   settings.h: "--set memory=2 GB", of a parameter in MB --> [ Convert ] --> its number
//
// Threads:  pure. Errors: kInvalidArgument, as stated. Tested by settings_test.cc.
#pragma once

#include <string_view>

#include "base/result.h"

namespace strata::advisor::models {

// `value` in `from` as a number of `to`; "" is a plain number. kInvalidArgument: there is no unit
// `from` (the message names the nearest, and those that would do), or the two measure different
// things.
Result<double> Convert(double value, std::string_view from, std::string_view to);

}  // namespace strata::advisor::models
