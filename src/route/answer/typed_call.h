// route/answer/typed_call.h - calls of a bare module's typed exports, as JSON.
//
//   request body  [1, 2.5, "9007199254740993"]   -->  the export's parameters
//   answer        {"results": [3]}
//
// Whole numbers that JSON readers may not hold exactly can be given as text. A float that JSON
// cannot show is answered as the text "NaN", "Infinity" or "-Infinity", which is also accepted.
//
// Threads: the loop's. Tested by typed_call_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sandbox/driver.h"

namespace strata::route {

inline constexpr Bytes kArgumentsLimit = Bytes::KiB(64);

// Reads a JSON list of arguments for the export `name` of `exports`. kNotFound: there is no such
// export; kInvalidArgument: no list, the wrong number of arguments, or one that does not fit.
Result<std::vector<sandbox::Value>> ParseArguments(std::string_view json, std::string_view name,
                                                   std::span<const sandbox::Export> exports);

// {"results": [...]}
std::string FormatValues(std::span<const sandbox::Value> values);

}  // namespace strata::route
